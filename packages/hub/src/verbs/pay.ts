import { type ClientMessage, type Done, type PayItem, type Refusal, refusal } from '@kith/core/wire'
import type { CheckedToken } from '../access/access.ts'
import { nextTurn } from '../node-clock.ts'
import type { OpenLog, Session } from '../session.ts'
import { toKey } from '../store/entry-store.ts'
import { failureToRefusal } from './put.ts'

/** What a wrong token costs beyond a right one: who has right ones makes none. */
const wrongTokenCost = 15

/** Logs that a connection has done work for and not made yet. */
const workedMax = 1024

/** Takes tokens and work for logs that this connection has open; answers when what they buy is on disk. */
export async function handlePay(session: Session, message: ClientMessage & { type: 'pay' }): Promise<void> {
  const results: (Done | Refusal)[] = []
  // Whoever cannot pay for a wrong token is told to come back, for all that is left of the message.
  let owed: Refusal | undefined
  for (const item of message.pays) {
    const result = owed ?? (await payOne(session, item).catch(failureToRefusal))
    if ('refused' in result && result.refused === 'slow-down') owed = result
    results.push(result)
    await nextTurn(session.hub.clock)
  }
  session.send({ type: 'done', request: message.request, results })
}

async function payOne(session: Session, item: PayItem): Promise<Done | Refusal> {
  const { allowance } = session
  const log = session.logs.get(toKey(item.log))
  const slow =
    allowance.take('requests', 1 + item.works.length) ??
    allowance.take('proofs', item.tokens.length + item.works.length / 16)
  if (slow !== undefined) return slow
  if (log === undefined) return refusal('refused')
  return takeWork(session, log, item) ?? (await takeTokens(session, log, item.tokens)) ?? { done: true }
}

function takeWork(session: Session, log: OpenLog, { works }: PayItem): Refusal | undefined {
  for (const work of works) {
    if (!session.hub.access.isWorkDone(log.id, work))
      return session.allowance.take('proofs', 1) ?? refusal('work-needed')
    if (session.worked.size >= workedMax) return refusal('quota-full')
    session.worked.add(log.key)
    session.hub.meter.add('worksDone')
  }
  return undefined
}

/** All of them or, where one is wrong, none. Of those that were spent before, the others count. */
async function takeTokens(session: Session, log: OpenLog, tokens: readonly Uint8Array[]): Promise<Refusal | undefined> {
  if (tokens.length === 0) return undefined
  const { access, meter } = session.hub
  const checked: CheckedToken[] = []
  for (const token of tokens) {
    const good = await access.checkToken(token)
    if (good === undefined) {
      meter.add('tokensRefused')
      return session.allowance.take('proofs', wrongTokenCost) ?? refusal('token-invalid')
    }
    checked.push({ period: good.period, nonce: good.nonce.slice() })
  }
  const fresh = await access.redeem(log, checked)
  const spent = fresh.filter(Boolean).length
  meter.add('tokensSpent', spent)
  meter.add('tokensRefused', fresh.length - spent)
  return spent < fresh.length ? refusal('token-spent') : undefined
}
