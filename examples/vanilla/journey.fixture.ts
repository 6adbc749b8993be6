import assert from 'node:assert/strict'
import type { Site } from '../../packages/react/src/testing/site.ts'

/** The same list without a framework: iterated, shared, one element for each row. */
export const vanillaJourney = async (example: Site): Promise<void> => {
  const alice = await example.open()
  for (const title of ['Buy milk', 'Call Bob']) {
    await alice.getByLabel('New task').fill(title)
    await alice.keyboard.press('Enter')
    await alice.getByText(title).waitFor()
  }
  await alice.getByRole('button', { name: 'Share' }).click()
  const link = await alice.locator('output').filter({ hasText: 'kith:' }).textContent()
  const bob = await example.open(link ?? '')
  // What a test marks stays marked where the element stays.
  await alice.evaluate("document.querySelectorAll('label')[1].className = 'kept'")
  await bob.getByText('Buy milk').click()
  await alice.locator('label', { hasText: 'Buy milk' }).locator(':checked').waitFor()
  assert.equal(await alice.locator('label.kept', { hasText: 'Call Bob' }).count(), 1)
  await example.picture(alice, 'vanilla')
}
