/**
 * Flushes SQLite's write-ahead log on another thread, while others are served. SQLite holds no lock on its log, so another descriptor of it does no
 * harm; in exclusive mode it stays the same file until the database is closed.
 */
import { close, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'

export type LogFlush = {
  /** Resolves when all that is in the log now is on the disk; one at a time. */
  readonly flush: () => Promise<void>
  readonly close: () => Promise<void>
}

/** (macOS: with `F_FULLFSYNC`, so past the drive's own cache too.) */
const fdatasyncApart = promisify(fdatasync)
const closeApart = promisify(close)

/** `path` is the database's; its log must exist, as it does after the first commit. */
export function openLogFlush(path: string): LogFlush {
  // Windows flushes only what is open for writing.
  const file = openSync(`${path}-wal`, 'r+')
  return { flush: () => fdatasyncApart(file), close: () => closeApart(file) }
}
