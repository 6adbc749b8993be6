/**
 * Many puts, one transaction: the first write opens it, and it is committed when the work already queued has had its turn and the
 * group before it is on the disk. The disk's flush, the slowest step by far, is shared by all that came in meanwhile, and goes on beside them.
 */
import type { DatabaseSync } from 'node:sqlite'
import type { LogFlush } from './log-flush.ts'
import { sqliteCode, sqliteFull, sqliteIoError } from './sqlite-open.ts'
import { StoreFailure } from './entry-store.ts'

export type GroupCommit = {
  /** Runs a write in the open group. If it fails, the whole group is gone. Resolves when the group is on disk. */
  readonly write: (change: () => void) => Promise<void>
  /** Commits now what is open. */
  readonly flush: () => void
  /** Resolves when all that was committed is on disk, or never will be. */
  readonly settled: () => Promise<void>
  /** @throws StoreFailure after a flush that failed. */
  readonly check: () => void
  /** Commits and settles what is open, and refuses every later write. */
  readonly close: () => Promise<void>
}

export type GroupEvents = {
  /** Last writes of the group. */
  readonly beforeCommit: () => void
  readonly committed: () => void
  /** Nothing of the group is in the database. */
  readonly rolledBack: (failure: StoreFailure) => void
  /** Nobody can tell what is on the disk, nor would the next flush say so: nothing is written until the database is opened anew. */
  readonly unsure: (failure: StoreFailure) => void
}

/** Without `log` a commit is on the disk by itself, or never is. */
export function createGroupCommit(
  database: DatabaseSync,
  soon: (run: () => void) => void,
  events: GroupEvents,
  log?: Pick<LogFlush, 'flush'>,
): GroupCommit {
  type Group = PromiseWithResolvers<void>
  let group: Group | undefined
  /** The open group waits for nothing but the flush that is under way. */
  let isDue = false
  /** Committed, and not yet being flushed. */
  let committed: Group[] = []
  let flushing: Promise<void> | undefined
  let unsure: StoreFailure | undefined
  let isClosed = false
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')

  function open(): Group {
    if (group !== undefined) return group
    check()
    if (isClosed) throw new StoreFailure('unavailable')
    begin.run()
    const opened = Promise.withResolvers<void>()
    // Whoever waits has a copy; a group that nobody waits for must not end the process.
    opened.promise.catch(() => {})
    group = opened
    // The turn after the next: what this one pushes to followers is on its way before the disk is waited for.
    soon(() => {
      soon(() => {
        if (group !== opened) return
        if (flushing === undefined) flush()
        else isDue = true
      })
    })
    return opened
  }

  function check(): void {
    if (unsure !== undefined) throw unsure
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
    isDue = false
    events.committed()
    if (log === undefined) {
      ending.resolve()
      return
    }
    committed.push(ending)
    if (flushing === undefined) startFlush(log)
  }

  function startFlush(to: Pick<LogFlush, 'flush'>): void {
    const groups = committed
    committed = []
    flushing = to.flush().then(
      () => {
        for (const { resolve } of groups) resolve()
      },
      (cause: unknown) => {
        unsure = toFlushFailure(cause)
        events.unsure(unsure)
        for (const { reject } of [...groups, ...committed]) reject(unsure)
        committed = []
        if (group !== undefined) abandon(unsure)
      },
    )
    void flushing.then(() => {
      flushing = undefined
      if (isDue) flush()
      if (flushing === undefined && committed.length > 0) startFlush(to)
    })
  }

  async function settled(): Promise<void> {
    if (flushing === undefined) return
    await flushing
    await settled()
  }

  function abandon(cause: unknown): StoreFailure {
    const failure = toStoreFailure(cause)
    const ending = group
    group = undefined
    isDue = false
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
    check,
    settled,
    async close() {
      isClosed = true
      flush()
      await settled()
    },
  }
}

function toFlushFailure(cause: unknown): StoreFailure {
  const isFull = cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC'
  return new StoreFailure(isFull ? 'full' : 'damaged', cause)
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
