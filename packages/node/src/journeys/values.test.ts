import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inScene } from './conditions.fixture.ts'
import { meet, openHub, untilAgree } from './people.fixture.ts'
import { readAll } from './journal.fixture.ts'

test('what does not fit is refused where it is written, with a code, and changes nothing', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers, his } = await meet(scene, [hub.url])
    // What TypeScript would not let through, as plain JavaScript could write it.
    const entries = hers.tables.entries as unknown as Record<
      'insert' | 'update',
      (...values: unknown[]) => Promise<string>
    >
    const remarks = hers.tables.remarks as unknown as typeof entries
    const id = await hers.tables.entries.insert({ title: 'kept' })
    const nobody = `000000${id.slice(6)}`
    const before = await readAll(hers)
    const bad: readonly [string, () => Promise<unknown>, RegExp][] = [
      ['a number for a text', () => entries.insert({ title: 7 }), /^bad-value$/],
      ['a missing column', () => entries.insert({}), /^bad-value$/],
      ['an unknown column', () => entries.insert({ title: 'x', colour: 'red' }), /^bad-value$/],
      ['half a surrogate pair', () => entries.insert({ title: '\ud800' }), /^bad-value$/],
      ['a text for a bool', () => entries.update(id, { done: 'yes' }), /^bad-value$/],
      ['null where nothing is optional', () => entries.update(id, { title: null }), /^bad-value$/],
      ['a plain number for a counter', () => entries.update(id, { votes: 3 }), /^bad-value$/],
      ['a text of 100 MB', () => entries.insert({ title: 'x'.repeat(100 * 1024 * 1024) }), /^(too-large|bad-value)$/],
      ['a reference to no row', () => remarks.insert({ entry: nobody, words: 'x' }), /^dangling-reference$/],
      ['what is no id', () => remarks.insert({ entry: 'entry 1', words: 'x' }), /^bad-value$/],
      ['an update of no row', () => entries.update(nobody, { title: 'x' }), /^not-found$/],
      [
        'a transaction of which a part does not fit',
        () =>
          hers.transact((tx) => {
            tx.entries.insert({ title: 'good' })
            tx.entries.insert({ title: 7 as never })
          }),
        /^bad-value$/,
      ],
      ['a transaction that throws', () => hers.transact((tx) => tx.entries.update('nonsense', {})), /^bad-value$/],
    ]
    for (const [what, write, code] of bad) {
      await assert.rejects(write(), (cause: Error & { code?: string }) => code.test(cause.code ?? cause.message), what)
      assert.equal(await readAll(hers), before, what)
    }
    await hers.tables.entries.insert({ title: 'and on it goes' })
    await untilAgree(hers, his)
  })
})
