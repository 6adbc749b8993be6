import { isRankAtLeast, type OpenInvite, type Rank, rankNumbers } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import { isExpired } from './invite.ts'
import type { Replica } from './replica.ts'

/** Open invites that bring nobody in any more and that we may close (membership rule 20). */
export const endedInvites = (engine: Engine, replica: Replica): OpenInvite[] => {
  const nowMs = engine.clock.nowMs()
  return closable(replica).filter((invite) => isSpent(invite) || isExpired(invite, nowMs))
}

/** When the next of our open invites expires; undefined where none does. */
export const nextExpiry = (engine: Engine, replica: Replica): number | undefined => {
  const nowMs = engine.clock.nowMs()
  const due = closable(replica).flatMap((invite) =>
    invite.expires !== null && !isExpired(invite, nowMs) ? [invite.expires] : [],
  )
  return due.length === 0 ? undefined : Math.min(...due)
}

const isSpent = ({ uses, joins }: OpenInvite): boolean => uses !== null && joins >= uses

const closable = (replica: Replica): OpenInvite[] => {
  const me = replica.me()
  if (!me || !isRankAtLeast(me.rank, 'admin')) return []
  return replica.membership.invites().filter((invite) => outranks(me.rank, invite.rank))
}

/** Only a strictly higher rank ends what somebody was given (membership rule 2). */
export const outranks = (rank: Rank, other: Rank): boolean => rankNumbers[rank] > rankNumbers[other]
