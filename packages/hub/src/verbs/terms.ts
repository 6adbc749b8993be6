import { type ClientMessage, type Refusal, refusal, type WorkChallenge } from '@kith/core/wire'
import { newLogRoom, type Session } from '../session.ts'
import { StoreFailure, toKey } from '../store/entry-store.ts'

/** Tells what the hub asks for, and gives a challenge for each log that would cost work now. */
export async function handleTerms(session: Session, message: ClientMessage & { type: 'terms' }): Promise<void> {
  const { hub } = session
  const slow = session.allowance.take('requests', 1 + message.logs.length)
  const terms = await hub.access.terms().catch((cause: unknown) => {
    // Without a store there are no keys: whoever wants one asks again.
    if (cause instanceof StoreFailure) return { access: 'open', tokensPerPeriod: 0, roomBytes: 0, keys: [] } as const
    throw cause
  })
  const results: (WorkChallenge | Refusal)[] = []
  for (const id of message.logs) results.push(slow ?? (await challengeFor(session, id)))
  session.send({ type: 'told', request: message.request, terms, results })
}

async function challengeFor(session: Session, id: Uint8Array): Promise<WorkChallenge | Refusal> {
  const log = session.logs.get(toKey(id))
  if (log === undefined) return refusal('refused')
  const { access } = session.hub
  const bits = access.workBits(log, newLogRoom(session))
  // Nothing is asked: whoever was refused a moment ago tries again.
  return bits === 0 ? refusal('slow-down', 0) : access.challenge(log.id, bits)
}
