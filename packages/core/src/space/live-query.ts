import type { Queries } from '../database/index.ts'
import type { LiveListener, Stop } from './api.ts'
import type { Engine } from './engine.ts'
import { createLiveOf } from './live.ts'
import { createLiveRows } from './live-rows.ts'

type Watched = ReturnType<Queries<unknown>['watch']>

/** A live query over one space, given its local number, or over all spaces of an app. */
export const createLiveQuery = <Row extends object>(
  engine: Engine,
  watched: Watched,
  space: number | undefined,
  listener: LiveListener<Row>,
  failed: (error: unknown) => void,
): Stop => {
  const query = watched.byRow()
  const live = query && createLiveRows(query, space)
  let isNoted = false
  return createLiveOf<Row>({
    notifier: engine.notifier,
    concerns: (changed, tables) =>
      (space === undefined || changed === space) && watched.tables.some((table) => tables.has(table)),
    read: (touched, changes) => {
      if (!live) return watched.run() as Row[]
      const wasNoted = isNoted
      isNoted = engine.touched.watch(query.sqlName)
      // A write to another table that hides rows of this one names none of them.
      const isOther = (tables: ReadonlySet<string>): boolean =>
        watched.tables.some((table) => table !== query.table && tables.has(table))
      const others = changes && [...changes].some(([of, tables]) => (space ?? of) === of && isOther(tables))
      return live.read(others || !wasNoted ? undefined : touched) as Row[]
    },
    ready: watched.ready,
    keepsIdentity: live !== undefined,
    listener,
    failed,
    onUndone: engine.onUndone,
  })
}

/**
 * Rows each time they change, for `for await`. Who is slow gets the newest rows and misses those between. Ends by `break`, or throws what the
 * query fails with.
 */
export const liveToIterable = <Row>(
  start: (listener: (rows: Row[]) => void, failed: (error: unknown) => void) => Stop,
): AsyncIterable<Row[]> => ({
  [Symbol.asyncIterator]: () => {
    const state: { newest?: Row[] | undefined; failure?: { readonly error: unknown }; isOver: boolean } = {
      isOver: false,
    }
    let wake = (): void => {}
    const stop = start(
      (rows) => {
        state.newest = rows
        wake()
      },
      (error) => {
        state.failure = { error }
        wake()
      },
    )
    const end = (): IteratorResult<Row[]> => {
      if (!state.isOver) stop()
      state.isOver = true
      wake()
      return { done: true, value: undefined }
    }
    return {
      next: async () => {
        while (!state.isOver && !state.newest && !state.failure) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        if (state.isOver) return end()
        if (state.failure) {
          end()
          throw state.failure.error
        }
        const value = state.newest as Row[]
        state.newest = undefined
        return { done: false, value }
      },
      return: async () => end(),
    }
  },
})
