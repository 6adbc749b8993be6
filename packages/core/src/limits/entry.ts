/** Sealed entries: sizes on the wire and bounds on unpacking them. */

/** A whole sealed entry: 1 MiB, a file chunk; small enough to hold several in a phone's memory and to resume cheaply. */
export const entryBytesMax = 1024 * 1024

/** No entry is smaller: a single key press and a long sentence look alike, and a hub's row costs as much anyway. */
export const entryBytesMin = 256

/** All segments of an entry together, unpacked: 8 times the largest entry, what a phone holds without trouble. */
export const entryUnpackedBytesMax = 8 * 1024 * 1024

/** Unpacked bytes for each byte of the whole entry. Real rows reach 3 to 10, DEFLATE allows 1032: beyond it is a bomb. A sealer pads the rare honest entry that packs better. */
export const unpackRatioMax = 200

/** Segments of one entry: a pack of many devices' chains. Bounds what is allocated before anything is verified. */
export const entrySegmentsMax = 4096

/** A writer ends a segment, and an entry, past this many bytes before compression: large enough to compress well, small enough that a live follower waits for little. */
export const entryFillBytes = 512 * 1024
