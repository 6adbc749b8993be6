export { type Rank, rankNumbers } from '../membership/index.ts'

/** Ranks that an app's role may stand for (rule 1): owners are made by people, never by an app. */
export type RoleRank = 'reader' | 'writer' | 'admin'
