/** Every component in a real browser, by its labels and roles: what a screen reader finds, and what a hand clicks. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openSites, type Site, type Sites } from './testing/site.ts'

let sites: Sites
let site: Site
let alice: Page
before(async () => {
  sites = await openSites(join(import.meta.dirname, 'testing'), ['gallery'])
  site = sites.of('gallery')
})
after(() => sites?.close())

const timeout = 90_000

const begin = async (page: Page, name: string): Promise<void> => {
  await page.getByLabel('What are you called?').fill(name)
  await page.keyboard.press('Enter')
  await page.getByLabel('New word').waitFor()
}
const add = async (page: Page, word: string): Promise<void> => {
  await page.getByLabel('New word').fill(word)
  await page.getByRole('button', { name: 'Add', exact: true }).click()
}
const shows = (page: Page, word: string): Promise<void> =>
  page.getByRole('region', { name: 'Words', exact: true }).getByText(word, { exact: true }).waitFor()
const member = (page: Page, name: string) =>
  page.getByRole('region', { name: 'Members' }).getByRole('listitem').filter({ hasText: name })

test('a name is all it takes to begin; a link with its QR code lets somebody in; who comes back is not asked', {
  timeout,
}, async () => {
  alice = await site.open()
  await alice.getByRole('heading', { name: 'Words' }).waitFor()
  await begin(alice, 'Alice')
  await add(alice, 'apple')
  await shows(alice, 'apple')
  await alice.getByRole('button', { name: 'Share' }).click()
  const link = await alice.getByLabel('Link to join').inputValue()
  await alice.getByRole('img', { name: 'QR code' }).waitFor()
  await site.picture(alice, 'gallery-share')
  await alice.getByRole('button', { name: 'Done' }).click()
  await alice.getByRole('status').filter({ hasText: 'All saved and shared' }).waitFor()

  const bob = await site.open(link)
  await begin(bob, 'Bob')
  await shows(bob, 'apple')
  await add(bob, 'banana')
  await shows(alice, 'banana')
  await bob.reload()
  await shows(bob, 'banana')

  // Roles by the keyboard alone; the member sees what it may do now.
  await alice.getByLabel('Role of Bob').selectOption('admin')
  await bob.getByRole('button', { name: 'Share' }).waitFor()
  await alice.getByLabel('Role of Bob').selectOption('writer')
  await bob.getByRole('button', { name: 'Share' }).waitFor({ state: 'detached' })

  const carol = await site.open(link)
  await begin(carol, 'Carol')
  await add(carol, 'cherry')
  await shows(alice, 'cherry')

  // Removing says first what it does; Escape is no, and the keyboard is where it was.
  await member(alice, 'Bob').getByRole('button', { name: 'Remove' }).click()
  const dialog = alice.getByRole('alertdialog', { name: 'Remove Bob' })
  await dialog.getByText('cannot be read by Bob').waitFor()
  await dialog.getByText('Links that end: 1').waitFor()
  await site.picture(alice, 'gallery-remove')
  await alice.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
  await alice.waitForFunction("document.activeElement?.textContent === 'Remove'")
  await alice.keyboard.press('Enter')
  await dialog.getByRole('button', { name: 'Remove Bob' }).click()
  await member(alice, 'Bob').waitFor({ state: 'detached' })

  // What Carol wrote is made void with her, listed, and counts again when Alice lets it.
  await alice.evaluate(
    "space.members().then((all) => space.remove(all.find(({ name }) => name === 'Carol').address, { keep: 'nothing' }))",
  )
  const words = alice.getByRole('region', { name: 'Words', exact: true })
  await words.getByText('cherry', { exact: true }).waitFor({ state: 'detached' })
  const counts = alice.getByRole('list', { name: 'Without effect' }).getByRole('button', { name: 'Let it count' })
  await counts.first().waitFor()
  await site.picture(alice, 'gallery-held-back')
  for (let left = await counts.count(); left > 0; left -= 1) {
    await counts.first().click()
    await counts.nth(left - 1).waitFor({ state: 'detached' })
  }
  await shows(alice, 'cherry')
  await carol.context().close()
  await bob.context().close()
})

test('another device is added by the link of its QR code and six digits on both, and ended by a click', {
  timeout,
}, async () => {
  const devices = alice.getByRole('region', { name: 'Devices' })
  await devices.getByRole('button', { name: 'Add a device' }).click()
  await devices.getByRole('img', { name: 'QR code for the new device' }).waitFor()
  const code = (await devices.locator('output').textContent()) ?? ''
  await site.picture(alice, 'gallery-add-device')
  const phone = await site.open()
  await phone.getByRole('button', { name: 'I have another device' }).click()
  await phone.getByLabel('The code that your other device shows').fill('nonsense')
  await phone.getByRole('button', { name: 'Link this device' }).click()
  await phone.getByRole('alert').waitFor()
  await phone.getByLabel('The code that your other device shows').fill(code)
  await phone.getByRole('button', { name: 'Link this device' }).click()
  await phone.getByText('show the same number').waitFor()
  await devices.getByText('show the same number').waitFor()
  const digits = await phone.locator('output').textContent()
  assert.equal(await devices.locator('output').textContent(), digits)
  await site.picture(phone, 'gallery-link')
  await Promise.all([phone, devices].map((place) => place.getByRole('button', { name: 'Yes, the same' }).click()))
  await shows(phone, 'apple')
  await devices.getByRole('listitem').filter({ hasText: 'browser' }).getByRole('button', { name: 'End' }).click()
  await devices.getByRole('button', { name: 'End browser' }).click()
  await devices.getByRole('listitem').filter({ hasText: 'browser' }).waitFor({ state: 'detached' })
  await phone.context().close()
})

test('who has written down the twelve words and lost everything comes back by them', { timeout }, async () => {
  const recovery = alice.getByRole('region', { name: 'Recovery' })
  await recovery.getByRole('button', { name: 'Write down my recovery phrase' }).click()
  const sheet = (await recovery.locator('pre').textContent()) ?? ''
  const phrase = [...sheet.matchAll(/^ ?\d+\. (\w+)$/gm)].map(([, word]) => word).join(' ')
  await site.picture(alice, 'gallery-recovery')
  await recovery.getByLabel('Type the words').fill('these words are none')
  await recovery.getByRole('button', { name: 'I have written them down' }).click()
  await recovery.getByRole('alert').waitFor()
  await recovery.getByLabel('Type the words').fill(phrase)
  await recovery.getByRole('button', { name: 'I have written them down' }).click()
  await recovery.getByRole('status').filter({ hasText: 'on paper' }).waitFor()
  assert.equal(await alice.evaluate('kith.recoveryPhrase()'), undefined)

  const found = await site.open()
  await found.getByRole('button', { name: 'I have my phrase' }).click()
  await found.getByLabel('Your twelve words').fill('these words are none')
  await found.getByRole('button', { name: 'Come back' }).click()
  await found.getByRole('alert').waitFor()
  await found.getByLabel('Your twelve words').fill(phrase)
  await found.getByRole('checkbox').check()
  await found.getByRole('button', { name: 'Come back' }).click()
  await shows(found, 'apple')
  await shows(found, 'banana')
})

test('no page complained', () => assert.deepEqual(sites.complaints, []))
