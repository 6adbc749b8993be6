/** Ranks of membership rule 1, lowest first; the number is what records and grants carry. */
export const rankNumbers = { reader: 1, writer: 2, admin: 3, owner: 4, recovery: 5 } as const

export type Rank = keyof typeof rankNumbers

/** Ranks that an app's role may stand for (rule 1): owners are made by people, never by an app. */
export type RoleRank = 'reader' | 'writer' | 'admin'

export const rankOfNumber = (rank: unknown): Rank | undefined =>
  typeof rank === 'number' ? (['reader', 'writer', 'admin', 'owner', 'recovery'] as const)[rank - 1] : undefined
