import { equalBytes } from '@kith/core/bytes'
import {
  type ClientMessage,
  isTicketGood,
  type NotFollowed,
  type Refusal,
  type ResumeItem,
  refusal,
} from '@kith/core/wire'
import { type OpenLog, renewLeases, type Session } from '../session.ts'
import { StoreFailure } from '../store/entry-store.ts'
import type { Standing, StandingWish } from '../store/standing.ts'
import { enterLog } from './enter.ts'
import { checkResumption } from './open.ts'

/** Logs after which others get their turn: half a millisecond. */
const logsPerTurn = 128

/** A log that is to be followed; `at` in the list. */
type Entered = StandingWish & { readonly at: number; readonly log: OpenLog }

/**
 * Opens again what a ticket is for, and follows each log of which the client has everything: only the others are named in the answer. The rights of
 * all stand under one MAC, over the list as it was sent.
 */
export async function handleResume(session: Session, message: ClientMessage & { type: 'resume' }): Promise<void> {
  const { request, generation, logs } = message
  const { store, turns } = session.hub
  const refused = refuseRate(session, logs) ?? (await turns.run(() => checkTicket(session, message)))
  if (refused !== undefined) return session.send({ type: 'resumed', request, results: [refused] })
  const isKnown = generation !== undefined && equalBytes(generation, store.generation)
  const others: NotFollowed[] = []
  for (let at = 0; at < logs.length; at += logsPerTurn) {
    const some = await turns.run(() => enterSome(session, logs, at, others))
    if (isKnown) await followSome(session, request, some, others)
  }
  others.sort((a, b) => a.at - b.at)
  session.send({ type: 'resumed', request, results: [{ generation: store.generation, others }] })
}

function refuseRate({ allowance }: Session, logs: readonly ResumeItem[]): Refusal | undefined {
  return allowance.take('requests', 1 + logs.length) ?? allowance.take('proofs', 1)
}

/** Both are always looked at: a wrong ticket costs what a right one does, and is refused alike whatever is wrong. */
function checkTicket(session: Session, message: ClientMessage & { type: 'resume' }): Refusal | undefined {
  const { resumption, ticket, logs } = message
  const { crypto, identity, clock } = session.hub
  const isSigned = checkResumption(session, resumption) !== undefined
  const isGood = isTicketGood(crypto, identity.ticketSecret, resumption.publicKey, logs, ticket, clock.now())
  return isSigned && isGood ? undefined : refusal('refused')
}

function enterSome(session: Session, logs: readonly ResumeItem[], from: number, others: NotFollowed[]): Entered[] {
  const opened: OpenLog[] = []
  const entered: Entered[] = []
  for (let at = from; at < Math.min(logs.length, from + logsPerTurn); at += 1) {
    const { log: id, kind, rights, cursors } = logs[at]!
    if (cursors === undefined) continue
    const log = enterLog(session, id, kind, rights)
    if (log === undefined) others.push({ at, why: refusal('quota-full') })
    else {
      opened.push(log)
      if (cursors.length > 0) entered.push({ at, log, cursors })
    }
  }
  session.hub.meter.add('logsOpened', opened.length)
  renewLeases(session, opened)
  return entered
}

async function followSome(
  session: Session,
  request: number,
  some: readonly Entered[],
  others: NotFollowed[],
): Promise<void> {
  // Registered before the store is asked, so that nothing put meanwhile is missed.
  for (const one of some) follow(request, one)
  const standings = await standingsOf(session, some)
  some.forEach((one, index) => {
    const standing = standings?.[index]
    const isSame = standing === 'same' && one.cursors.every(({ lane, n }) => (one.log.followers[lane]?.head ?? 0) <= n)
    settle(one, isSame ? 'live' : 'stopped')
    if (!isSame) others.push({ at: one.at, why: standing === 'other' ? refusal('other-generation') : undefined })
  })
}

/** Undefined where the store fails: they are open, and whoever pulls is told what is wrong. */
async function standingsOf({ hub }: Session, some: readonly Entered[]): Promise<readonly Standing[] | undefined> {
  try {
    return await hub.store.standings(some)
  } catch (cause) {
    if (cause instanceof StoreFailure) return undefined
    throw cause
  }
}

function follow(request: number, { log, cursors }: Entered): void {
  for (const { lane, n } of cursors) {
    const before = log.followers[lane]
    if (before !== undefined) before.state = 'stopped'
    log.followers[lane] = { request, log, lane, n, head: 0, state: 'reading' }
  }
}

function settle({ log, cursors }: Entered, state: 'live' | 'stopped'): void {
  for (const { lane } of cursors) {
    const follower = log.followers[lane]
    if (follower === undefined) continue
    follower.state = state
    if (state === 'stopped') log.followers[lane] = undefined
  }
}
