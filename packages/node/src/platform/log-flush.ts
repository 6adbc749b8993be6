import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'

/** Resolves when what was written to an open file is on the disk. */
export type Sync = (file: number) => Promise<void>

/** On a thread of Node's pool. (macOS: with `F_FULLFSYNC`, so past the drive's own cache too.) */
export const fdatasyncApart: Sync = promisify(fdatasync)

/** Flushes SQLite's write-ahead log beside the work of SQLite. Commits that come while one flush is under way share the next. */
export type LogFlush = {
  /** Resolves when all that is in the log now is on the disk. */
  readonly flush: () => Promise<void>
  readonly close: () => void
}

/**
 * SQLite holds no lock on its log, so another descriptor of it does no harm. It is opened when the first commit is in it: by then SQLite
 * has made it, and flushed its name; in exclusive mode it stays the same file until the database is closed.
 */
export const createLogFlush = (path: string, sync: Sync): LogFlush => {
  let file: number | undefined
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  let isClosed = false

  const release = (): void => {
    if (file !== undefined && isClosed && !running) {
      closeSync(file)
      file = undefined
    }
  }

  const start = (): Promise<void> => {
    next = undefined
    if (isClosed) return Promise.resolve()
    // Windows flushes only what is open for writing.
    file ??= openSync(path, 'r+')
    running = sync(file).finally(() => {
      running = undefined
      release()
    })
    return running
  }

  return {
    flush: async () => {
      if (!running) return start()
      // One under way may have begun before the last commit was written.
      next ??= running.then(start, start)
      return next
    },
    close: () => {
      isClosed = true
      release()
    },
  }
}
