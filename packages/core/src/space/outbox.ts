import type { Statements } from '../database/index.ts'

/** Where something came from: what it is not sent back to. */
export type Origin = { readonly hub: number; readonly log: Uint8Array }

/** A log that a segment belongs on. */
export type Place = {
  readonly log: Uint8Array
  /** Milliseconds since 1970 before which it is not sent, for others will probably have brought it by then; 0: at once. */
  readonly dueMs: number
  /** Goes before all else: the record that begins the log. */
  readonly isFirst: boolean
}

/** Not before it is known to be valid. */
export const neverMs = Number.MAX_SAFE_INTEGER

/** Owes a segment to a log at a hub; within the open transaction. */
export const enqueue = (statements: Statements, hub: number, space: number, change: number, place: Place): void => {
  // A record that begins a log is found before all else by its sign.
  const row = place.isFirst ? -change : change
  statements(`INSERT INTO outbox (hub, space, log, change, due) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (hub, space, log, change) DO UPDATE SET due = min(due, excluded.due)`).run(
    hub,
    space,
    place.log,
    row,
    Math.floor(place.dueMs),
  )
}

/** All of one epoch in a chain. */
export const enqueueContent = (
  statements: Statements,
  hub: number,
  space: number,
  content: { readonly log: Uint8Array; readonly chain: number; readonly epoch: Uint8Array; readonly dueMs: number },
): void => {
  statements(`INSERT OR IGNORE INTO outbox (hub, space, log, change, due)
    SELECT ?, ?, ?, change, ? FROM segment WHERE chain = ? AND epoch = ?`).run(
    hub,
    space,
    content.log,
    Math.floor(content.dueMs),
    content.chain,
    content.epoch,
  )
}

/** The hub has it on the log, or has shown it. */
export const dequeue = (
  statements: Statements,
  { hub, log }: Origin,
  space: number,
  changes: Iterable<number>,
): void => {
  const remove = statements('DELETE FROM outbox WHERE hub = ? AND space = ? AND log = ? AND change IN (?, ?)')
  for (const change of changes) remove.run(hub, space, log, change, -change)
}
