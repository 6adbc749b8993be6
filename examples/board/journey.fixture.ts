import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Site } from '../../packages/react/src/testing/site.ts'

const cardsOf = async (page: Page, column: string): Promise<string[]> =>
  page.getByRole('region', { name: column }).getByRole('listitem').allTextContents()

/** Two people move cards on one board. */
export const boardJourney = async (example: Site): Promise<void> => {
  const alice = await example.open()
  await alice.getByRole('button', { name: 'Begin' }).click()
  for (const title of ['Write the letter', 'Find a stamp', 'Post it']) {
    await alice.getByLabel('Add to To do').fill(title)
    await alice.keyboard.press('Enter')
    await alice.getByText(title).waitFor()
  }
  await alice.getByRole('button', { name: 'Share' }).click()
  const bob = await example.open(await alice.getByLabel('Link to join').inputValue())
  await alice.getByRole('button', { name: 'Done' }).click()

  await bob.getByText('Find a stamp').dragTo(bob.getByRole('region', { name: 'Doing' }).getByRole('list'))
  await alice.getByRole('region', { name: 'Doing' }).getByText('Find a stamp').waitFor()
  assert.deepEqual(await cardsOf(alice, 'To do'), ['Write the letter', 'Post it'])
  await alice.getByText('Post it').dragTo(alice.getByText('Find a stamp'))
  await bob.getByRole('region', { name: 'Doing' }).getByText('Post it').waitFor()
  assert.deepEqual(await cardsOf(bob, 'Doing'), ['Post it', 'Find a stamp'])
  await alice.getByText('Find a stamp').dragTo(alice.getByText('Post it'))
  await bob.locator('section[aria-label=Doing] li:first-child', { hasText: 'Find a stamp' }).waitFor()
  await example.picture(bob, 'board')
}
