import { type ClientMessage, type Done, type Refusal, refusal, type TrimItem } from '@kith/core/wire'
import { logWithRight, type Session } from '../session.ts'
import { failureToRefusal } from './put.ts'

/** Marks entries to be dropped after 30 days, unless they are put again before; answers when the mark is on disk. */
export async function handleTrim(session: Session, message: ClientMessage & { type: 'trim' }): Promise<void> {
  const results: Promise<Done | Refusal>[] = message.trims.map((item) => trimOne(session, item))
  void Promise.all(results).then((settled) => {
    session.send({ type: 'done', request: message.request, results: settled })
  }, session.defect)
}

async function trimOne(session: Session, item: TrimItem): Promise<Done | Refusal> {
  const log = logWithRight(session, item.log, 'admin')
  if (log === undefined) return refusal('refused')
  const refused = session.allowance.take('requests', 1 + item.ids.length / 16)
  if (refused !== undefined) return refused
  const { store } = session.hub
  try {
    await store.trim(log, item.ids)
    return { done: true }
  } catch (cause) {
    return failureToRefusal(cause)
  }
}
