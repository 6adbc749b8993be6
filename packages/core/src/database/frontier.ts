import { fromHex, toHex } from '../bytes/index.ts'
import { depsHeadsMax } from '../limits/index.ts'
import type { Statements } from './statements.ts'

/**
 * The content changes of each space that no known change follows: what the next change names. Kept in memory and written
 * once a commit. A change that comes after one that names it stays named once more: harmless.
 */
export type Frontier = {
  /** A change with these `deps` and `prev` is here now. */
  readonly add: (space: number, hash: Uint8Array, covers: readonly Uint8Array[]) => void
  /** Sorted, at most as many as `deps` may name. */
  readonly heads: (space: number) => Uint8Array[]
  /** Writes what has changed. */
  readonly save: () => void
}

export const createFrontier = (statements: Statements): Frontier => {
  const loaded = new Map<number, Set<string>>()
  const changed = new Set<number>()

  const load = (space: number): Set<string> => {
    const known = loaded.get(space)
    if (known) return known
    const rows = statements('SELECT hash FROM frontier WHERE space = ?').all(space)
    const heads = new Set(rows.map((row) => toHex(row.hash as Uint8Array)))
    loaded.set(space, heads)
    return heads
  }

  return {
    add: (space, hash, covers) => {
      const heads = load(space)
      for (const covered of covers) if (covered.length > 0) heads.delete(toHex(covered))
      heads.add(toHex(hash))
      changed.add(space)
    },
    heads: (space) => [...load(space)].sort().slice(0, depsHeadsMax).map(fromHex),
    save: () => {
      for (const space of changed) {
        statements('DELETE FROM frontier WHERE space = ?').run(space)
        for (const hash of load(space))
          statements('INSERT INTO frontier (space, hash) VALUES (?, ?)').run(space, fromHex(hash))
      }
      changed.clear()
    },
  }
}
