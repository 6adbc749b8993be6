/** Locks and channels of a store. All tabs of an origin see the same names. */

/** Held by the page whose worker is the engine; the others queue for it. */
export const leaderLock = (store: string): string => `kith/${store}/leader`

/** Held by a worker while it lives: its page learns by it that it is gone. */
export const roundLock = (store: string, round: string): string => `kith/${store}/round/${round}`

/** Held by each page: the engine learns by it that the page is gone. */
export const tabLock = (store: string, tab: string): string => `kith/${store}/tab/${tab}`

/** Where workers announce themselves and tabs ask who is there. */
export const square = (store: string): string => `kith/${store}`

/** Between one tab and whichever worker is the engine. */
export const tabChannel = (store: string, tab: string): string => `kith/${store}/${tab}`
