import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { Site } from '../../packages/react/src/testing/site.ts'

const begin = async (page: Page, name: string): Promise<void> => {
  await page.getByLabel('What are you called?').fill(name)
  await page.getByRole('button', { name: 'Begin' }).click()
  await page.getByLabel('Message').waitFor()
}
const say = async (page: Page, words: string): Promise<void> => {
  await page.getByLabel('Message').fill(words)
  await page.keyboard.press('Enter')
}

/** Two people chat under their names, and one is removed. */
export const chatJourney = async (example: Site): Promise<void> => {
  const alice = await example.open()
  await begin(alice, 'Alice')
  await say(alice, 'Hello, is anybody there?')
  await alice.getByRole('button', { name: 'Invite somebody' }).click()
  const link = await alice.getByLabel('Link to join').inputValue()
  await alice.getByRole('button', { name: 'Done' }).click()

  const bob = await example.open(link)
  await begin(bob, 'Bob')
  await bob.getByText('is anybody there?').waitFor()
  await bob.locator('article b', { hasText: 'Alice' }).waitFor()
  await say(bob, 'Bob is here.')
  await say(bob, 'And can read what you wrote before I came.')
  await alice.getByText('before I came').waitFor()
  await alice.locator('article b', { hasText: 'Bob' }).waitFor()
  await say(alice, 'Welcome!')
  await bob.getByText('Welcome!').waitFor()
  await example.picture(alice, 'chat')

  await alice.locator('li', { hasText: 'Bob' }).getByRole('button', { name: 'Remove' }).click()
  await alice.getByRole('button', { name: 'Remove Bob' }).click()
  await alice.locator('li', { hasText: 'Bob' }).waitFor({ state: 'detached' })
  await say(alice, 'Only for me')
  await alice.getByText('Only for me').waitFor()
  await bob.locator('li', { hasText: 'Bob' }).waitFor({ state: 'detached' })
  assert.equal(await bob.getByText('Only for me').count(), 0)
}
