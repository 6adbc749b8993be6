import { type ErrorCode, KithError } from '@kith/core/bytes'

/** Primary result codes, https://sqlite.org/rescode.html */
const codes: { readonly [primary: number]: readonly [ErrorCode, string] } = {
  3: ['storage-unavailable', 'may not be read or written'],
  5: ['storage-busy', 'is open in another tab or window: close that first'],
  6: ['storage-busy', 'is in use'],
  8: ['storage-unavailable', 'is read-only'],
  10: ['storage-unavailable', 'could not be read or written'],
  11: ['storage-damaged', 'is damaged: join your spaces again, or import a bundle of them'],
  13: ['storage-full', 'cannot grow: free space on the disk, or let this site keep more'],
  14: ['storage-unavailable', 'cannot be opened'],
  26: ['storage-damaged', 'is no database: join your spaces again, or import a bundle of them'],
}

/**
 * What a failed call of SQLite is to callers. `failure` is what the file system threw last: to SQLite every one of its failures is
 * an input/output error. Anything unknown is a defect (a malformed statement) and keeps SQLite's own words.
 */
export const sqliteError = (store: string, extended: number, message: string, failure: unknown): Error => {
  // The low byte is the primary code, the rest says more about it.
  const primary = extended & 0xff
  const isFull = isQuotaExceeded(failure) && (primary === 10 || primary === 14)
  const known = codes[isFull ? 13 : primary]
  if (!known) return Object.assign(new Error(message), { errcode: extended })
  return new KithError(known[0], `The store "${store}" ${known[1]}.`, { store, sqlite: extended }, failure)
}

/** A failure of the browser's file system while a store is opened. */
export const storageError = (store: string, cause: unknown): unknown => {
  if (cause instanceof KithError) return cause
  if (isQuotaExceeded(cause)) return sqliteError(store, 13, '', cause)
  // An access handle of the same file is open elsewhere.
  const isBusy = cause instanceof DOMException && cause.name === 'NoModificationAllowedError'
  return sqliteError(store, isBusy ? 5 : 14, '', cause)
}

const isQuotaExceeded = (failure: unknown): boolean => failure instanceof Error && failure.name === 'QuotaExceededError'
