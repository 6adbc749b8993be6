/** One person with several devices, and two persons, in Chromium and Firefox: each store is a device, and each step crosses from one to the other. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBase64Url } from '@kith/core/bytes'
import { startHub } from '@kith/hub'
import type { Page } from 'playwright-core'
import { startChromium } from './testing/chromium.ts'
import { startFirefox } from './testing/firefox.ts'
import { askPerson as ask } from './testing/pages.ts'
import { createWorld } from './testing/world.ts'

const chromium = createWorld('Chromium', startChromium)
const firefox = createWorld('Firefox', startFirefox)

// The first starts both browsers.
const timeout = 180_000

/** The test's own time limit ends it. */
const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise(setImmediate)
}

let laptop: Page
let phone: Page
let address: string
let phrase: string

test('another browser becomes a device by a link that both confirm; it has the spaces, writes in them, and tabs of it share it', {
  timeout,
}, async () => {
  const hub = chromium.hub().url
  laptop = await chromium.openPage()
  phone = await firefox.openPage()
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
  for (const page of [laptop, phone]) assert.deepEqual(await ask(page, 'find', 'PHO'), ['from the phone'])
  const devices = await ask(laptop, 'devices')
  assert.deepEqual(devices.map((device) => `${device.name} ${device.isThis}`).sort(), [' true', 'phone false'])
  assert.ok(devices.every(({ isDate }) => isDate))
  assert.deepEqual(devices.find((device) => device.name === 'phone')?.apps, ['org.example.todo'])

  // Another tab finds the person whom the first has linked; nobody else is linked into a store that has somebody.
  const tab = await firefox.openPage()
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
  const hub = chromium.hub().url
  const tablet = await chromium.openPage()
  assert.equal(await ask(tablet, 'linkProblem', 'tablet', 'nonsense'), 'bad-device-code')
  const { link } = await ask(phone, 'add')
  await ask(tablet, 'link', 'tablet', link, 'tablet')
  await ask(tablet, 'cancelLinking')
  const met = ask(phone, 'met').then(({ name }) => name)
  assert.equal(await met, 'tablet')
  assert.notEqual(await ask(tablet, 'start', 'tablet', hub, 'Somebody'), address)
})

test('settings and profile come to all devices of the person', { timeout }, async () => {
  const kept = await ask(laptop, 'remember', 'Alice A.', [1, 2, 3])
  assert.deepEqual(kept, { name: 'Alice A.', picture: [1, 2, 3], theme: { dark: true } })
})

test('strangers become contacts by a card and a first letter', { timeout }, async () => {
  const bob = await firefox.openPage()
  await ask(bob, 'start', 'bob', firefox.hub().url, 'Bob')
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

test('a space has a phrase of its own, which is split into parts in the worker', { timeout }, async () => {
  assert.deepEqual(await ask(laptop, 'spacePhrase'), {
    words: [21, 21, 21],
    isJoined: true,
    tooFew: 'bad-part',
    bad: 'bad-phrase',
    own: 'bad-phrase',
    right: 'bad-value',
  })
})

test('a person comes back by the twelve words in another browser, ends the others, and has the spaces', {
  timeout,
}, async () => {
  const hub = chromium.hub().url
  phrase = (await ask(laptop, 'phrase')) ?? ''
  assert.equal(phrase.split(' ').length, 12)
  const confirmed = await ask(laptop, 'confirmPhrase', phrase)
  assert.deepEqual(
    [confirmed.wrong, confirmed.warned, confirmed.kept, confirmed.isNamed],
    ['bad-phrase', true, undefined, true],
  )
  assert.equal(confirmed.status.isConfirmed, true)
  const fresh = await firefox.openPage()
  assert.equal(await ask(fresh, 'recoverProblem', 'fresh', 'twelve words that are none', hub), 'bad-phrase')
  assert.equal(await ask(fresh, 'recover', 'fresh', phrase, hub, true), address)
  await ask(fresh, 'untilTitle', 'after the theft')
  await ask(fresh, 'untilTheme')
  await ask(laptop, 'untilRevoked')
  assert.equal(await ask(fresh, 'write', 'back again'), 'accepted')
})

test('a page is carried to its hub by another', { timeout }, async (context) => {
  const hub = chromium.hub()
  const carrier = await startHub({ storage: ':memory:', forward: { isPublic: false, hubs: [hub.url] } })
  context.after(() => carrier.close())
  for (const { openPage } of [chromium, firefox]) {
    const page = await openPage()
    const { entries } = await hub.totals()
    await ask(page, 'startThrough', 'carried', hub.url, toBase64Url(hub.key), carrier.url)
    // Resolves when the hub has it.
    await ask(page, 'begin', 'carried')
    assert.ok((await hub.totals()).entries > entries)
    assert.equal((await carrier.totals()).connections, 1)
    await page.close()
    await until(async () => (await carrier.totals()).connections === 0)
  }
})

test('no page complained', () => assert.deepEqual([chromium.complaints, firefox.complaints], [[], []]))
