/** Presence: what a member who floods others with signals can cost them. */

/** What one state holds, as canonical JSON in bytes of UTF-8: a cursor and what is being done, not data. */
export const presenceStateBytesMax = 4096

/** A signal longer than this is no presence: the largest state, its frame and its padding. */
export const presenceBytesMax = 8192

/** Sessions of one device that are remembered, tabs that are gone among them: ten minutes of reloading a page every twenty seconds would be 30. */
export const presenceSessionsPerDeviceMax = 32

/** Sessions that are remembered in one space; later ones are not shown until others are forgotten. */
export const presenceSessionsMax = 1024

/** A message whose time is further from ours is refused. Each clock may be a minute off without being corrected. */
export const presenceClockMsMax = 2 * 60 * 1000

/** Between two messages of one device: nobody sees a cursor move more often. */
export const presenceSendMs = 100

/** Who says nothing new says so much, so that others know it is still there. */
export const presenceBeatMs = 10 * 1000

/** Who was not heard for so long is gone: three beats, of which two may be lost. */
export const presenceExpiryMs = 30 * 1000

/** One session is answered at most so often when it asks who is there: one question costs an answer of everybody. */
export const presenceAnswerMs = 5 * 1000

/** Messages of devices that are not known here that wait until more of the membership has come: who joins is often heard before. */
export const presenceStrangersMax = 32
