import { toHex } from '../bytes/index.ts'
import type { History, NumberedChange } from './history.ts'
import type { Registry } from './registry.ts'
import type { Statements } from './statements.ts'

/** What comes from segments, but for rows in the apps' tables. */
const derived = [
  'cell',
  'orphan',
  'waiting',
  'held',
  'leaning',
  'reissue',
  'label',
  'text_snapshot',
  'frontier',
  'twin',
  'claim',
]

/** Deletes all that a space shows and knows but for its segments: everything of it can be made again from them. */
export const clearSpace = (statements: Statements, space: { readonly n: number; readonly app: string }): void => {
  for (const table of derived) statements(`DELETE FROM ${table} WHERE space = ?`).run(space.n)
  const prefix = `${space.app}/`
  const tables = statements("SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, ?) = ?").all(
    prefix.length,
    prefix,
  )
  for (const { name } of tables) {
    statements(`DELETE FROM "${String(name).replaceAll('"', '""')}" WHERE "$space" = ?`).run(space.n)
  }
}

/** All content changes of a space, each once; with its body if that is anywhere. Chain by chain, a segment at a time. */
export function* contentChanges(registry: Registry, history: History, space: number): Generator<NumberedChange> {
  for (const chain of registry.chainsOf(space)) if (chain.class === 1) yield* changesOfChain(history, chain.n)
}

/** The same for one chain: each under the number that it was taken with (`History.find`). */
export function* changesOfChain(history: History, chain: number): Generator<NumberedChange> {
  // Changes are kept twice only where segments overlap, which is rare; then those with a body come first.
  if (!history.isForked(chain)) {
    yield* changesOf(history, chain, history.segmentNumbers(chain))
    return
  }
  const seen = new Set<string>()
  const asTheyCame = history.segmentNumbers(chain).sort((left, right) => left - right)
  for (const withBody of [true, false]) {
    for (const numbered of changesOf(history, chain, asTheyCame)) {
      const hash = toHex(numbered.change.hash)
      if ((numbered.change.body !== undefined) !== withBody || seen.has(hash)) continue
      seen.add(hash)
      yield numbered
    }
  }
}

function* changesOf(history: History, chain: number, segments: readonly number[]): Generator<NumberedChange> {
  for (const number of segments) {
    const stored = history.segment(number)
    if (!stored) continue
    for (const [at, change] of history.decode(stored).changes.entries()) yield { number: number + at, change }
  }
  yield* history.unsealed(chain)
}
