/** Devices of one person: how they are linked, how a person comes back. */

/** A device code can be used for so long: time to walk to the other device, too little to search 2^55 codes. */
export const deviceCodeMs = 10 * 60_000

/** Entries on a pairing log that are looked at: an honest pairing has seven. */
export const pairingEntriesMax = 32

/** A picture of a person, in bytes: it lies in each space that the person is in. */
export const pictureBytesMax = 64 * 1024

/** What the recovery log holds, in bytes, one entry. */
export const recoveryRecordBytesMax = 4096
