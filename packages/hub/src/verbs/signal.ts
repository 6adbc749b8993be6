import {
  type ClientMessage,
  type Done,
  hubMessageToFrame,
  listenerNameBytes,
  type Refusal,
  refusal,
  type SignalItem,
} from '@kith/core/wire'
import type { Session } from '../session.ts'
import { toKey } from '../store/entry-store.ts'

/** Passes bytes on to those who have the log open to read now; keeps nothing. Who has any right on a log may signal there. */
export function handleSignal(session: Session, message: ClientMessage & { type: 'signal' }): void {
  const results = message.signals.map((item) => signalOne(session, item))
  session.send({ type: 'done', request: message.request, results })
}

function signalOne(session: Session, item: SignalItem): Done | Refusal {
  const log = session.logs.get(toKey(item.log))
  if (log === undefined) return refusal('refused')
  const refused = session.allowance.take('signals', 1) ?? session.allowance.take('putBytes', item.bytes.length)
  if (refused !== undefined) return refused
  session.hub.meter.add('signals')
  log.name ??= session.hub.random(listenerNameBytes)
  const frame = hubMessageToFrame({ type: 'heard', log: log.id, from: log.name, bytes: item.bytes })
  const to = item.to === undefined ? undefined : toKey(item.to)
  session.hub.fanOut.publish(log.key, { kind: 'signal', to, frame, from: session.id })
  return { done: true }
}
