/** What becomes of a log on which rights were shown, by whatever proof. */
import { hasRight, type LogKind } from '@kith/core/wire'
import type { OpenLog, Session } from '../session.ts'
import { toKey } from '../store/entry-store.ts'

/** The log with these rights beside those that it has, its lease not renewed yet; undefined where the connection may have no more logs, or has ended. `id` is a view. */
export function enterLog(session: Session, id: Uint8Array, kind: LogKind, rights: number): OpenLog | undefined {
  const key = toKey(id)
  const log = session.logs.get(key) ?? add(session, id, key, kind)
  if (log !== undefined) log.rights |= rights
  return log
}

function add(session: Session, id: Uint8Array, key: string, kind: LogKind): OpenLog | undefined {
  if (session.isClosed()) return undefined
  const isFull = session.logs.size >= session.hub.limits.logsPerConnectionMax || !session.allowance.openLog()
  if (isFull) return undefined
  const unsubscribe = session.hub.fanOut.subscribe(key, (event) => {
    if (hasRight(log.rights, 'read')) session.onEvent(log, event)
  })
  const log: OpenLog = { id: new Uint8Array(id), key, kind, rights: 0, name: undefined, followers: [], unsubscribe }
  session.logs.set(key, log)
  return log
}
