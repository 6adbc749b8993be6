/** Changes, ops and segments: what a device may sign, and what it reads of others before it believes anything. */
export { clockAheadMsMax } from './clock.ts'

/** Heads that one list of `deps` may name; with more membership heads a device first writes `merge` changes (rule 6). */
export const depsHeadsMax = 64

/** Heads that a merge, a removal or a cut may name (rule 6): 64 merges of 64 heads, in one change. */
export const cutHeadsMax = 4096

/** Ops of one change: an op's index is 2 bytes of its id. */
export const changeOpsMax = 65_536

/**
 * One body in bytes: 960 KiB. An entry is 1 MiB at most, and a body that does not compress must still fit one, with 64 KiB
 * for its header, the signature, the lengths and what DEFLATE adds (5 bytes each 64 KiB).
 */
export const bodyBytesMax = 960 * 1024

/** Changes in one segment: bounds the work that one signature check starts. */
export const segmentChangesMax = 16_384

/** A segment in bytes before compression: what an entry may unpack to, for a pack may be one segment. */
export const segmentBytesMax = 8 * 1024 * 1024

/** Names of people and spaces, titles and session salts, in bytes of UTF-8: a long sentence, never a document. */
export const shortTextBytesMax = 1024
