import { equalBytes, fromHex, KithError, toHex } from '../bytes/index.ts'
import { type Change, createChange, encodeReissueBody, type Header, kinds } from '../change/index.ts'
import type { Content } from '../database/index.ts'
import type { Crypto } from '../ports/index.ts'
import { isRankAtLeast } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'

/** What is wrong with a change itself, whoever stands up for it. */
const beyondHelp: ReadonlySet<string> = new Set([
  'malformed',
  'other-space',
  'twin',
  'bad-encoding',
  'bad-value',
  'unknown-column',
  'unknown-kind',
  'fixed-column',
  'foreign-key',
])

/** Whether we may try to give effect to a change that was held back: one's own, or as an admin anybody's. The rules for rows are asked when it is done. */
export const canReissue = (engine: Engine, replica: Replica, change: Change, code: string): boolean => {
  if (change.header.kind !== kinds.data || !change.body || beyondHelp.has(code)) return false
  const me = replica.me()
  if (!me || !isRankAtLeast(me.rank, 'writer')) return false
  return isRankAtLeast(me.rank, 'admin') || isOwn(engine, replica, change)
}

const isOwn = (engine: Engine, replica: Replica, { header }: Change): boolean => {
  const writer = replica.membership.writerOf(header)
  return writer !== undefined && equalBytes(writer.person, engine.person.person)
}

/**
 * Gives effect to a change that was held back, as it was written and in its author's name, by our right.
 *
 * @throws KithError `not-found` for what is not held back here, `not-allowed` with the reason.
 */
export const reissue = (engine: Engine, replica: Replica, id: string): void => {
  const found = heldChanges(engine, replica).find(({ change }) => toHex(change.hash) === toHex(fromHex(id)))
  if (!found) throw new KithError('not-found', 'No change of this space with that hash is held back.')
  if (!canReissue(engine, replica, found.change, found.code))
    throw new KithError('not-allowed', `This change cannot be given effect to by you: ${found.reason}`)
  replica.reissue(found.change)
}

/** The same for all that we wrote ourselves, as far as we may now: after we were let in again. Returns how many. */
export const reissueOwn = (engine: Engine, replica: Replica): number => {
  let count = 0
  for (const { change, code } of heldChanges(engine, replica)) {
    if (!isOwn(engine, replica, change) || !canReissue(engine, replica, change, code)) continue
    try {
      replica.reissue(change)
      count += 1
    } catch (cause) {
      // A rule does not allow this one, or the rows are not here: it stays on the list, with its reason.
      if (!(cause instanceof KithError) || cause.code !== 'not-allowed') throw cause
    }
  }
  return count
}

type HeldChange = { readonly change: Change; readonly code: string; readonly reason: string }

const heldChanges = (engine: Engine, replica: Replica): HeldChange[] => {
  const { history } = engine.store()
  return engine
    .statements('SELECT change, code, reason FROM held WHERE space = ? ORDER BY change')
    .all(replica.entry.n)
    .map(({ change, code, reason }) => {
      return { change: history.change(change as number), code: code as string, reason: reason as string }
    })
}

/** The re-issue itself, judged as all others will judge it. @throws KithError `not-allowed`. */
export const createReissue = (
  crypto: Crypto,
  content: Content,
  header: Header,
  target: Change,
  nowMs: number,
): Change => {
  const { device, seq } = target.header
  const body = encodeReissueBody(crypto.randomBytes(16), { change: target.hash, device, seq })
  const change = createChange(crypto, { ...header, kind: kinds.reissue }, body)
  const outcome = content.judge(change, nowMs)
  if (outcome.state === 're-issues') return change
  const reason = outcome.state === 'held back' ? outcome.reason : 'What it rests on is not here yet.'
  throw new KithError('not-allowed', reason)
}
