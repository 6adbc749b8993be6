/** One person with several devices, and two persons, in real browsers: each profile is a device. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { BrowserContext, Page } from 'playwright-core'
import { startChromium } from './testing/chromium.ts'
import { askPerson as ask, openPage } from './testing/pages.ts'
import { createWorld } from './testing/world.ts'

const world = createWorld('Chromium', startChromium)
const others: BrowserContext[] = []
after(async () => Promise.all(others.map((browser) => browser.close())))

const timeout = 90_000

/** A page in a browser profile of its own. */
const openDevice = async (profile: string): Promise<Page> => {
  const browser = await startChromium(join(world.folder, profile))
  others.push(browser)
  return openPage(browser, world.site().url, world.complaints)
}

let laptop: Page
let phone: Page
let address: string
let phrase: string

test('a second profile becomes a device by a link that both confirm; it has the spaces, writes in them, and tabs of it share it', {
  timeout,
}, async () => {
  const hub = world.hub().url
  laptop = await world.openPage()
  phone = await openDevice('phone')
  address = await ask(laptop, 'start', 'laptop', hub, 'Alice')
  await ask(laptop, 'begin', 'from the laptop')

  const { link, code, isFresh } = await ask(laptop, 'add')
  assert.match(code, /\w/)
  assert.equal(isFresh, true)
  const shown = await ask(phone, 'link', 'phone', link, 'phone')
  const { check, name } = await ask(laptop, 'met')
  assert.match(check, /^\d{3} \d{3}$/)
  assert.deepEqual([shown.check, shown.address, name], [check, address, 'phone'])
  const [added, linked] = await Promise.all([ask(laptop, 'confirmAdding'), ask(phone, 'confirmLinking')])
  assert.deepEqual([added, linked], ['phone', address])

  await ask(phone, 'untilTitle', 'from the laptop')
  assert.equal(await ask(phone, 'write', 'from the phone'), 'accepted')
  await ask(laptop, 'untilTitle', 'from the phone')
  const devices = await ask(laptop, 'devices')
  assert.deepEqual(devices.map((device) => `${device.name} ${device.isThis}`).sort(), [' true', 'phone false'])
  assert.ok(devices.every(({ isDate }) => isDate))
  assert.deepEqual(devices.find((device) => device.name === 'phone')?.apps, ['org.example.todo'])

  // Another tab finds the person whom the first has linked; nobody else is linked into a store that has somebody.
  const tab = await openPage(phone.context(), world.site().url, world.complaints)
  assert.equal(await ask(tab, 'linkProblem', 'phone', link), 'not-allowed')
  assert.equal(await ask(tab, 'start', 'phone', hub, 'Alice'), address)
  assert.ok((await ask(tab, 'titles')).includes('from the laptop'))
  await phone.close()
  phone = tab
  assert.equal(await ask(phone, 'write', 'from the other tab'), 'accepted')
})

test('linking that is given up leaves an empty store; a code that is none, or is used up, is told by its code', {
  timeout,
}, async () => {
  const hub = world.hub().url
  const tablet = await openDevice('tablet')
  assert.equal(await ask(tablet, 'linkProblem', 'tablet', 'nonsense'), 'bad-device-code')
  const { link } = await ask(laptop, 'add')
  await ask(tablet, 'link', 'tablet', link, 'tablet')
  await ask(tablet, 'cancelLinking')
  const met = ask(laptop, 'met').then(({ name }) => name)
  assert.equal(await met, 'tablet')
  assert.notEqual(await ask(tablet, 'start', 'tablet', hub, 'Somebody'), address)
})

test('settings and profile come to all devices of the person', { timeout }, async () => {
  const kept = await ask(laptop, 'remember', 'Alice A.', [1, 2, 3])
  assert.deepEqual(kept, { name: 'Alice A.', picture: [1, 2, 3], theme: { dark: true } })
})

test('strangers become contacts by a card and a first letter', { timeout }, async () => {
  const bob = await openDevice('bob')
  await ask(bob, 'start', 'bob', world.hub().url, 'Bob')
  const isMutual = await ask(bob, 'knock', await ask(laptop, 'card'), 'It is me')
  assert.equal(isMutual, false)
  const accepted = await ask(laptop, 'accept')
  assert.deepEqual(accepted, { message: 'It is me', isDate: true, isMutual: true })
  assert.deepEqual(await ask(laptop, 'names'), ['Bob'])
})

test('a revoked device knows it, writes nothing more, and gets nothing that comes later', { timeout }, async () => {
  await ask(laptop, 'revoke', 'phone')
  await ask(phone, 'untilRevoked')
  // By what it knows already: that it is out, or that there are keys which it was not given.
  assert.match((await ask(phone, 'write', 'by the thief')) ?? '', /^(not-allowed|cannot-open)$/)
  assert.equal(await ask(laptop, 'write', 'after the theft'), 'accepted')
  assert.ok(!(await ask(phone, 'titles')).includes('after the theft'))
  assert.deepEqual(
    (await ask(laptop, 'devices')).map(({ name }) => name),
    [''],
  )
})

test('a person comes back by the twelve words in a new profile, ends the others, and has the spaces', {
  timeout,
}, async () => {
  const hub = world.hub().url
  phrase = (await ask(laptop, 'phrase')) ?? ''
  assert.equal(phrase.split(' ').length, 12)
  const confirmed = await ask(laptop, 'confirmPhrase', phrase)
  assert.deepEqual(
    [confirmed.wrong, confirmed.warned, confirmed.kept, confirmed.isNamed],
    ['bad-phrase', true, undefined, true],
  )
  assert.equal(confirmed.status.isConfirmed, true)
  const fresh = await openDevice('fresh')
  assert.equal(await ask(fresh, 'recoverProblem', 'fresh', 'twelve words that are none', hub), 'bad-phrase')
  assert.equal(await ask(fresh, 'recover', 'fresh', phrase, hub, true), address)
  await ask(fresh, 'untilTitle', 'after the theft')
  await ask(fresh, 'untilTheme')
  await ask(laptop, 'untilRevoked')
  assert.equal(await ask(fresh, 'write', 'back again'), 'accepted')
})

test('no page complained', () => assert.deepEqual(world.complaints, []))
