import { segmentChangesMax } from '../limits/index.ts'
import type { Statements } from './statements.ts'

/** The last change of a chain. */
export type ChainHead = { readonly seq: number; readonly hash: Uint8Array }

/** Where chains end on the disk: asked once for a chain, then kept in step, for each change of a chain asks for it. */
export type ChainEnds = {
  /** The `seq` after the highest one of a chain; 0 where it has none. */
  readonly end: (chain: number) => number
  /** The last change of a chain that this database wrote. */
  readonly own: (chain: number) => ChainHead | undefined
  /** A segment was written. */
  readonly extended: (chain: number, head: ChainHead, isOwn: boolean) => void
}

export const createChainEnds = (statements: Statements): ChainEnds => {
  const ends = new Map<number, number>()
  const owns = new Map<number, ChainHead | undefined>()

  const end = (chain: number): number => {
    let known = ends.get(chain)
    if (known === undefined) {
      // A segment that begins further back than one can be long ends before the last one begins.
      const row = statements(`SELECT max(seq + count) AS end FROM segment WHERE chain = ?
        AND seq > (SELECT max(seq) FROM segment WHERE chain = ?) - ?`).get(chain, chain, segmentChangesMax)
      ends.set(chain, (known = (row?.end as number | null) ?? 0))
    }
    return known
  }

  return {
    end,
    own: (chain) => {
      if (!owns.has(chain)) {
        const row = statements(
          'SELECT seq + count - 1 AS seq, last AS hash FROM segment WHERE chain = ? AND own = 1 ORDER BY change DESC LIMIT 1',
        ).get(chain)
        owns.set(chain, row as ChainHead | undefined)
      }
      return owns.get(chain)
    },
    extended: (chain, head, isOwn) => {
      ends.set(chain, Math.max(end(chain), head.seq + 1))
      if (isOwn) owns.set(chain, head)
    },
  }
}
