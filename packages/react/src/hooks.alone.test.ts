/** Every hook in a real browser, against a real engine, and what an edit in 10,000 rows costs the page. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openSites, type Site, type Sites } from './testing/site.ts'

let sites: Sites
let site: Site
let alice: Page
before(async () => {
  sites = await openSites(join(import.meta.dirname, 'testing'), ['page'])
  site = sites.of('page')
  alice = await site.open()
  await alice.getByText('Shop').waitFor()
})
after(() => sites?.close())

const timeout = 60_000
/** Runs in the page; `test` is what it shows. */
const run = async <T>(page: Page, code: string): Promise<T> => page.evaluate(`(async () => { ${code} })()`)
const output = (page: Page, section: string) => page.getByRole('region', { name: section }).locator('output')

test('an edit in 10,000 rows posts less than 2 KB to the page and paints its row only', {
  timeout,
}, async (context) => {
  const filledMs = await run<number>(
    alice,
    `const start = performance.now()
     globalThis.ids = await test.space.transact((tx) => Array.from({ length: 10_000 }, (_, at) => tx.items.insert({ name: 'Item ' + at, place: at })))
     return performance.now() - start`,
  )
  await output(alice, 'List').filter({ hasText: '10000' }).waitFor()
  await output(alice, 'Everywhere').filter({ hasText: '10000' }).waitFor()
  // The live queries that are asked as a whole post what they show; the list must not post its rows.
  const { chars, times, paintedOnce } = await run<{ chars: number[]; times: number[]; paintedOnce: number }>(
    alice,
    `const chars = [], times = [], before = new Map(test.painted)
     for (let round = 0; round < 15; round += 1) {
       const id = ids[round * 2]
       const shown = () => document.querySelector('[data-id="' + id + '"]')?.textContent === 'Edited ' + round
       const charsBefore = test.receivedChars(), start = performance.now()
       await new Promise((resolve) => {
         const observer = new MutationObserver(() => { if (shown()) { observer.disconnect(); resolve() } })
         observer.observe(document.querySelector('ol'), { subtree: true, childList: true, characterData: true })
         void test.space.tables.items.update(id, { name: 'Edited ' + round })
       })
       times.push(performance.now() - start)
       chars.push(test.receivedChars() - charsBefore)
       await new Promise((resolve) => setTimeout(resolve, 50))
     }
     const paintedOnce = [...test.painted].filter(([id, times]) => times - (before.get(id) ?? 0) > 0).length
     return { chars, times, paintedOnce }`,
  )
  assert.ok(Math.max(...chars) < 2048, `${Math.max(...chars)} characters`)
  assert.equal(paintedOnce, 15)
  const median = (numbers: number[]): string => (numbers.toSorted((a, b) => a - b)[7] as number).toFixed(1)
  context.diagnostic(
    `10,000 rows inserted in ${filledMs.toFixed(0)} ms; an edit is on the screen after ${median(times)} ms and posts ${median(chars)} characters`,
  )
})

test('a query without suspense follows what is typed; one over all spaces counts; one that is refused reaches the boundary', {
  timeout,
}, async () => {
  await alice.getByLabel('Word').fill('Item 777')
  await output(alice, 'Filtered').filter({ hasText: 'Item 777, Item 7770, Item 7771, Item 7772, Item 7773' }).waitFor()
  await alice.getByRole('button', { name: 'Refuse' }).click()
  await alice.getByLabel('Refused').filter({ hasText: 'not-found' }).waitFor()
})

test('two people type into one text, and a reader sees no buttons that it may not use', { timeout }, async () => {
  assert.equal(await alice.getByLabel('May').textContent(), 'yes yes yes')
  const first = await run<string>(alice, `return test.space.invite({ role: 'writer' })`)
  const bob = await site.open(`${alice.url().split('#')[0]}#${first}`)
  await bob.getByLabel('Note', { exact: true }).waitFor()
  assert.equal(await bob.getByLabel('May').textContent(), 'yes no no')
  await alice.getByLabel('Note', { exact: true }).pressSequentially('Fresh')
  await bob.waitForFunction("document.querySelector('textarea').value === 'Fresh'")
  await bob.getByLabel('Note', { exact: true }).pressSequentially(' milk')
  await alice.waitForFunction("document.querySelector('textarea').value === 'Fresh milk'")
  await alice.getByLabel('Role of Alice').selectOption('reader')
  await bob.getByLabel('May').filter({ hasText: 'no no no' }).waitFor()
})

test('a person sees its devices, and may add one', { timeout }, async () => {
  await alice.locator('[data-kith=devices] li', { hasText: '(this one)' }).waitFor()
  await alice.getByRole('button', { name: 'Add a device' }).waitFor()
})

test('no page complained but of what was refused', () => {
  assert.deepEqual(
    sites.complaints.filter(
      (complaint) => !complaint.includes('not-found') && !complaint.includes('no table "nothing"'),
    ),
    [],
  )
})

test('the next version of the app shows what the old one wrote by a lens, in a worker that has none of its functions', {
  timeout,
}, async () => {
  const found = await run<Record<string, unknown>>(
    alice,
    `const { person, space, nextShop } = test
     const old = await space.tables.items.insert({ name: 'Acme Rocket Skates', place: -1 })
     const bad = await space.tables.items.insert({ name: 'broken', place: -2 })
     const next = await person.open(nextShop, space.id)
     const read = () => next.query((q) => q.selectFrom('items').select(['brand', 'model']).where('place', '<', 0).orderBy('model'))
     const first = await read()
     const filtered = await next.query((q) => q.selectFrom('items').select('id').where('brand', '=', 'Acme'))
     const made = await next.tables.items.insert({ brand: 'Acme Inc', model: 'Anvil', place: -3 })
     await next.tables.items.update(old, { model: 'Jet Skates' })
     await next.transact((tx) => {
       const id = tx.items.insert({ brand: 'Ajax', model: 'Mop', place: -4 })
       tx.items.update(id, { model: 'Broom' })
       tx.items.update(made, { model: 'Big Anvil' })
     })
     await next.transact(async (tx) => {
       const [row] = await tx.query((q) => q.selectFrom('items').select('model').where('id', '=', made))
       tx.items.update(made, { model: row.model + '!' })
     })
     const names = await space.query((q) => q.selectFrom('items').select('name').where('place', '<', 0).orderBy('place', 'desc'))
     let live
     await new Promise((resolve) => {
       const stop = next.live((q) => q.selectFrom('items').select('brand').where('place', '=', -5), (rows) => {
         if (rows.length === 0) void space.tables.items.insert({ name: 'Late Comer', place: -5 })
         else { live = rows; stop(); resolve() }
       })
     })
     const failures = (await next.status()).lensFailures.map(({ table, columns, row }) => ({ table, columns, isBad: row === bad }))
     const may = await next.can('insert', 'items', { brand: 'A', model: 'B' })
     return { first, filtered: filtered.length === 1 && filtered[0].id === old, names: names.map(({ name }) => name), live, failures, may }`,
  )
  assert.deepEqual(found, {
    first: [
      { brand: null, model: null },
      { brand: 'Acme', model: 'Rocket Skates' },
    ],
    filtered: true,
    names: ['Acme Jet Skates', 'broken', 'Acme Inc Big Anvil!', 'Ajax Broom'],
    live: [{ brand: 'Late' }],
    failures: [{ table: 'items', columns: ['brand', 'model'], isBad: true }],
    may: true,
  })
})

test('a person whose version is too old for the space is told so on the page', { timeout }, async () => {
  assert.equal(await alice.locator('[data-kith=update-needed]').count(), 0)
  await run(alice, 'await (await test.person.open(test.nextShop, test.space.id)).requireVersion()')
  const screen = alice.locator('[data-kith=update-needed][data-what=app]')
  await screen.getByText('too old for this space').waitFor()
  const code = await run<string>(
    alice,
    `return test.space.tables.items.insert({ name: 'late' }).catch(({ code }) => code)`,
  )
  assert.equal(code, 'app-too-old')
  await screen.getByRole('button', { name: 'Update' }).click()
  await alice.getByText('updating').waitFor()
  await run(alice, 'await (await test.person.open(test.nextShop, test.space.id)).requireVersion(0)')
  await screen.waitFor({ state: 'detached' })
})
