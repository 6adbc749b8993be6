import assert from 'node:assert/strict'
import type { Site } from '../../packages/react/src/testing/site.ts'

/** Two people share a to-do list by a link. */
export const todoJourney = async (example: Site): Promise<void> => {
  const alice = await example.open()
  const add = async (title: string): Promise<void> => {
    await alice.getByLabel('New task').fill(title)
    await alice.keyboard.press('Enter')
    await alice.getByText(title).waitFor()
  }
  await add('Buy milk')
  await add('Water the plants')
  await add('Call Bob')
  await alice.getByRole('button', { name: 'Share' }).click()
  const link = await alice.getByLabel('Link to join').inputValue()
  await alice.locator('[data-kith=qr-code]').waitFor()
  await example.picture(alice, 'todo-share')
  await alice.getByRole('button', { name: 'Done' }).click()

  const bob = await example.open(link)
  await bob.getByText('Call Bob').waitFor()
  assert.ok(!bob.url().includes('kith:'), 'the invite is gone from the address')
  await bob.getByText('Buy milk').click()
  await alice.locator('label', { hasText: 'Buy milk' }).locator(':checked').waitFor()
  // Done goes to the end.
  assert.equal(await alice.locator('label').last().textContent(), ' Buy milk')
  assert.equal(await bob.getByRole('button', { name: 'Share' }).count(), 0, 'a writer makes no links')
  await alice.locator('[data-kith=connection][data-state=connected]').waitFor()
  await example.picture(alice, 'todo')

  await bob.reload()
  await bob.getByText('Water the plants').waitFor()
}
