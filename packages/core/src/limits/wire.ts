/** The hub protocol: what one frame, one connection and one hub may hold. A hub tells its own, never larger, in its hello. */
import { entryBytesMax } from './entry.ts'

/** One WebSocket message: the largest entry, and as much again for lists as a person with hundreds of logs needs. Longer ones are refused by their length alone. */
export const frameBytesMax = entryBytesMax + 256 * 1024

/** A sender of many entries ends a frame past this many bytes: big enough that per-frame cost vanishes, small enough that others' frames get in between. */
export const frameFillBytes = 256 * 1024

/** Requests are numbered by the client; four bytes, so that a counter lasts for any connection. */
export const requestNumberMax = 2 ** 32 - 1

/** Logs in one `open` or `resume`: 512 first proofs are 60 ms of signature checks. */
export const logsPerOpenMax = 512

/** One signature for each of the three rights. */
export const proofsPerLogMax = 3

/** Logs and lanes in one `put`. */
export const putsPerFrameMax = 1024

/** Entries in one `put` or one `entries` message. */
export const entriesPerFrameMax = 4096

/** Items in one `pull`: each of 512 logs in each lane. */
export const pullsPerFrameMax = 2048

/** Ids that a `put` may name as covered, a `trim` may drop or a `pull` may ask for, in one item. */
export const idsPerItemMax = 4096

/** Items in one `signal` or one `trim`. */
export const signalsPerFrameMax = 256
export const trimsPerFrameMax = 256

/** One signal: a WebRTC offer with all its candidates, or a relayed packet. */
export const signalBytesMax = 64 * 1024

/** Lanes are 0 to 3: membership and keys, packs, tail, chunks. */
export const laneMax = 3

/** A resume ticket lives one day: a stolen disk image opens logs no longer than that. */
export const ticketLifetimeMs = 24 * 60 * 60 * 1000

/** Tickets that a client keeps for one hub. Each `open` gives one; logs of those beyond are opened by signatures the next time, together, and get one ticket. */
export const ticketsKeptMax = 16

/** A trimmed or covered entry is dropped after 30 days, so that a member who was away can put it again. */
export const trimDelayMs = 30 * 24 * 60 * 60 * 1000

/** Bytes that a client has under way in `put`s that are not acknowledged, before it waits. */
export const putWindowBytes = 4 * 1024 * 1024

/** A hub that is silent this long while an answer is due is gone. */
export const hubSilenceMsMax = 30 * 1000

/** Requests that a client has under way on one connection. */
export const requestsUnderWayMax = 65_536

/** One message of a carried connection, sealed: the longest that Noise has. A frame is as many as it needs, so that a carrier holds little at once. */
export const channelPieceBytesMax = 65_535

/** No frame is shorter in a channel: questions, acknowledgements and small entries look alike to who carries them. */
export const channelBytesMin = 256

/** The address of a hub that another is asked to carry to. */
export const carriedUrlBytesMax = 256
