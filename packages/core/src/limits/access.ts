/** Tokens and work: what a hub asks for where it is not open to all, or is crowded. */

/** Tokens that one request has issued: 64 are 17 ms of the hub's processor. */
export const tokensPerIssueMax = 64

/** Tokens that a member may be given for one period; a client fetches no more, whatever a hub offers. */
export const tokensPerPeriodMax = 4096

/** Logs in one `terms`, and in one `pay`. */
export const termsPerFrameMax = 64

/** Tokens, and works, for one log in one `pay`. */
export const paymentsPerLogMax = 16

/** Issuing keys that a hub tells: the present one and those whose tokens are still good. */
export const tokenKeysMax = 4

/** Leading zero bits that a client looks for at most: 2^24 hashes are half a minute of a slow device. */
export const workBitsMax = 24
