/** Ranks of rule 1, lowest first, with the number that grants carry. An app's roles stand for reader, writer or admin. */
export const rankNumbers = { reader: 1, writer: 2, admin: 3, owner: 4, recovery: 5 } as const

export type Rank = keyof typeof rankNumbers

const ranks = ['reader', 'writer', 'admin', 'owner', 'recovery'] as const

export function numberToRank(value: unknown): Rank | undefined {
  return typeof value === 'number' ? ranks[value - 1] : undefined
}

export function isRankAtLeast(rank: Rank, least: Rank): boolean {
  return rankNumbers[rank] >= rankNumbers[least]
}

/** Rule 1: admins grant writer and reader; owners any rank up to owner; nobody else grants. */
export function mayGrant(giver: Rank, rank: Rank): boolean {
  if (giver === 'owner' || giver === 'recovery') return rankNumbers[rank] <= rankNumbers.owner
  return giver === 'admin' && rankNumbers[rank] <= rankNumbers.writer
}

/**
 * An epoch's three secrets, each derived from the one above: who has one has those below. A member is due the one of
 * its rank (rule 14).
 */
export const levelNumbers = { read: 0, write: 1, admin: 2 } as const

export type Level = keyof typeof levelNumbers

const levels = ['read', 'write', 'admin'] as const

export function numberToLevel(value: unknown): Level | undefined {
  return typeof value === 'number' ? levels[value] : undefined
}

export function rankToLevel(rank: Rank): Level {
  return rank === 'reader' ? 'read' : rank === 'writer' ? 'write' : 'admin'
}

/** The level due to a rank in an epoch whose highest secret is `highest`: a writer's epoch has no admin secret. */
export function levelDue(rank: Rank, highest: Level): Level {
  const due = rankToLevel(rank)
  return levelNumbers[due] <= levelNumbers[highest] ? due : highest
}
