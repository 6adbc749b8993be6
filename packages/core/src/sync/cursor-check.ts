import { equalBytes, KithError } from '../bytes/index.ts'
import type { Lane } from '../wire/index.ts'
import type { HubConnection, HubEntries } from './hub-connection.ts'
import type { Cursor } from './source.ts'

/**
 * Asks a hub, once a connection, whether the entry at each of our cursors is still the one that we know. An operator who
 * restores an older copy keeps the generation, and by the time that we come others may have filled the numbers up again with
 * other entries: a cursor alone would then pass over those.
 */
export type CursorCheck = {
  readonly start: () => void
  /** Whether the cursor of this lane may be moved: it has been confirmed, or there was none. */
  readonly isDone: (lane: Lane) => boolean
  /** Whether an event was an answer to the check, or has to wait until that is known; no other may look at it then. */
  readonly takes: (event: HubEntries) => boolean
}

export type CursorCheckOptions = {
  readonly connection: HubConnection
  readonly log: Uint8Array
  readonly lanes: readonly Lane[]
  readonly cursor: (lane: Lane) => Cursor | undefined
  /** Another entry is there, or none so far. */
  readonly differs: () => void
  /** The hub did not answer the question. */
  readonly refused: (error: KithError) => void
  /** What came before the number of our request was known. */
  readonly replay: (event: HubEntries) => void
  /** Whatever fails in what follows an answer. */
  readonly guard: (run: () => void) => void
}

export const createCursorCheck = (options: CursorCheckOptions): CursorCheck => {
  const { connection, log, lanes, cursor, differs, refused, replay, guard } = options
  const open = new Map<Lane, Cursor>()
  let request: number | undefined
  let isAsking = false
  let early: HubEntries[] = []

  const answered = ({ lane, entries }: HubEntries): void => {
    const known = open.get(lane)
    if (!known) return
    open.delete(lane)
    const [found] = entries
    // Of an entry that was dropped nothing can be told: a lower one is shown instead, or none.
    if (found && found.n === known.n && !equalBytes(found.id, known.id)) differs()
  }

  return {
    start: () => {
      for (const lane of lanes) {
        const known = cursor(lane)
        if (known) open.set(lane, known)
      }
      if (open.size === 0) return
      const wishes = [...open].map(([lane, { generation, n }]) => ({
        log,
        lane,
        mode: 'before' as const,
        generation,
        n: n + 1,
        limit: 1,
        idsOnly: true,
      }))
      isAsking = true
      connection.pull(wishes).then(
        (results) =>
          guard(() => {
            isAsking = false
            for (const result of results) {
              if (!(result instanceof KithError)) request = result.request
              else if (result.details['why'] === 'other-generation') return differs()
              else refused(result)
            }
            const waiting = early
            early = []
            for (const event of waiting) replay(event)
          }),
        // The connection's end: whoever owns it hears of that too.
        () => {},
      )
    },
    isDone: (lane) => !open.has(lane),
    takes: (event) => {
      const holdsIds = event.entries.some(({ bytes }) => bytes.length === 0)
      if (holdsIds || (event.request > 0 && event.request === request)) {
        answered(event)
        return true
      }
      if (!isAsking || event.entries.length > 0) return false
      early.push(event)
      return true
    },
  }
}
