import type { Statements } from '../database/index.ts'
import type { Cursor } from '../sync/index.ts'

/** How far a lane of a log was read at a hub; within the open transaction. */
export const saveCursor = (
  statements: Statements,
  hub: number,
  log: Uint8Array,
  lane: number,
  { generation, n, id }: Cursor,
): void =>
  statements('INSERT OR REPLACE INTO cursor (hub, log, lane, generation, n, id) VALUES (?, ?, ?, ?, ?, ?)').run(
    hub,
    log,
    lane,
    generation,
    n,
    id,
  )

export const loadCursor = (statements: Statements, hub: number, log: Uint8Array, lane: number): Cursor | undefined =>
  statements('SELECT generation, n, id FROM cursor WHERE hub = ? AND log = ? AND lane = ?').get(hub, log, lane) as
    | Cursor
    | undefined

export const forgetCursor = (statements: Statements, hub: number, log: Uint8Array, lane: number): void => {
  statements('DELETE FROM cursor WHERE hub = ? AND log = ? AND lane = ?').run(hub, log, lane)
}

export const forgetCursors = (statements: Statements, hub: number, log: Uint8Array): void => {
  statements('DELETE FROM cursor WHERE hub = ? AND log = ?').run(hub, log)
}
