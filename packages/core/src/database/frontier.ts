import { compareBytes, hashToKey } from '../bytes/index.ts'
import { depsHeadsMax } from '../limits/index.ts'
import type { Statements } from './statements.ts'

/**
 * The content changes of each space that no known change follows: what the next change names. A change that comes after
 * one that names it stays named once more: harmless.
 */
export type Frontier = {
  /** A change with these `deps` and `prev` is here now; `isOwn` if this device wrote it. */
  readonly add: (space: number, hash: Uint8Array, covers: readonly Uint8Array[], isOwn: boolean) => void
  /** A space is built anew: nothing is known. */
  readonly clear: (space: number) => void
  /** Sorted, at most as many as `deps` may name. */
  readonly heads: (space: number) => Uint8Array[]
  /** Writes what has changed, but for the head of our own chain, which history knows: most commits then write nothing. */
  readonly save: () => void
}

type Heads = { readonly known: Map<string, Uint8Array>; own: string | undefined; saved: string }

export const createFrontier = (statements: Statements): Frontier => {
  const spaces = new Map<number, Heads>()
  const changed = new Set<number>()

  const load = (space: number): Heads => {
    let heads = spaces.get(space)
    if (!heads) {
      const rows = statements('SELECT hash FROM frontier WHERE space = ? ORDER BY hash').all(space)
      const known = new Map(rows.map((row) => [hashToKey(row.hash as Uint8Array), row.hash as Uint8Array]))
      heads = { known, own: undefined, saved: [...known.keys()].join('') }
      spaces.set(space, heads)
    }
    return heads
  }

  return {
    add: (space, hash, covers, isOwn) => {
      const heads = load(space)
      for (const covered of covers) if (covered.length > 0) heads.known.delete(hashToKey(covered))
      const added = hashToKey(hash)
      heads.known.set(added, hash)
      if (isOwn) heads.own = added
      changed.add(space)
    },
    clear: (space) => {
      // What is saved is unlike anything, so that `save` writes.
      spaces.set(space, { known: new Map(), own: undefined, saved: '?' })
      changed.add(space)
    },
    heads: (space) => [...load(space).known.values()].sort(compareBytes).slice(0, depsHeadsMax),
    save: () => {
      for (const space of changed) {
        const heads = load(space)
        const others = [...heads.known]
          .filter(([key]) => key !== heads.own)
          .sort(([one], [other]) => (one < other ? -1 : 1))
        const keys = others.map(([key]) => key).join('')
        if (keys === heads.saved) continue
        heads.saved = keys
        statements('DELETE FROM frontier WHERE space = ?').run(space)
        for (const [, hash] of others) statements('INSERT INTO frontier (space, hash) VALUES (?, ?)').run(space, hash)
      }
      changed.clear()
    },
  }
}
