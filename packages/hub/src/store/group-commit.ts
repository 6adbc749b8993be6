/**
 * Many puts, one transaction: the first write opens it, and it is committed when the work already queued has had its turn. The
 * disk's flush, the slowest step by far, is shared by all that came in meanwhile.
 */
import type { DatabaseSync } from 'node:sqlite'
import { sqliteCode, sqliteFull, sqliteIoError } from './sqlite-open.ts'
import { StoreFailure } from './entry-store.ts'

export type GroupCommit = {
  /** Runs a write in the open group. If it fails, the whole group is gone. Resolves when the group is on disk. */
  readonly write: (change: () => void) => Promise<void>
  /** Commits now what is open. */
  readonly flush: () => void
}

export type GroupEvents = {
  /** Last writes of the group. */
  readonly beforeCommit: () => void
  readonly committed: () => void
  /** Nothing of the group is in the database. */
  readonly rolledBack: (failure: StoreFailure) => void
}

export function createGroupCommit(
  database: DatabaseSync,
  soon: (run: () => void) => void,
  events: GroupEvents,
): GroupCommit {
  let group: PromiseWithResolvers<void> | undefined
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')

  function open(): PromiseWithResolvers<void> {
    if (group !== undefined) return group
    begin.run()
    const opened = Promise.withResolvers<void>()
    // Whoever waits has a copy; a group that nobody waits for must not end the process.
    opened.promise.catch(() => {})
    group = opened
    // The turn after the next: what this one pushes to followers is on its way before the disk is waited for.
    soon(() => {
      soon(() => {
        if (group === opened) flush()
      })
    })
    return opened
  }

  function flush(): void {
    const ending = group
    if (ending === undefined) return
    try {
      events.beforeCommit()
      commit.run()
    } catch (cause) {
      abandon(cause)
      return
    }
    group = undefined
    events.committed()
    ending.resolve()
  }

  function abandon(cause: unknown): StoreFailure {
    const failure = toStoreFailure(cause)
    const ending = group
    group = undefined
    // SQLite may have rolled back by itself: a full disk does that.
    if (database.isTransaction) database.exec('ROLLBACK')
    events.rolledBack(failure)
    ending?.reject(failure)
    return failure
  }

  return {
    write(change) {
      try {
        const { promise } = open()
        change()
        return promise
      } catch (cause) {
        // Refused before anything was written: the others of the group are not concerned.
        if (cause instanceof StoreFailure) throw cause
        throw abandon(cause)
      }
    },
    flush,
  }
}

export function toStoreFailure(cause: unknown): StoreFailure {
  if (cause instanceof StoreFailure) return cause
  const code = sqliteCode(cause)
  if (code === 0) throw cause
  return new StoreFailure(code === sqliteFull || code === sqliteIoError ? 'full' : 'damaged', cause)
}

/** Runs what may fail outside a group. @throws StoreFailure */
export function failing<Result>(run: () => Result): Result {
  try {
    return run()
  } catch (cause) {
    throw toStoreFailure(cause)
  }
}
