/** Devices of one person: how they are linked, how a person comes back. */

/** A device code can be used for so long: time to walk to the other device, too little to search 2^55 codes. */
export const deviceCodeMs = 10 * 60_000

/** Entries on a pairing log that are looked at: an honest pairing has seven. */
export const pairingEntriesMax = 32

/** A picture of a person, in bytes: it lies in each space that the person is in. */
export const pictureBytesMax = 64 * 1024

/** What the recovery log holds, in bytes, one entry. */
export const recoveryRecordBytesMax = 4096

/** Parts of a recovery phrase. How many of them are needed is said in four bits; more people than that do not come together for one space. */
export const phrasePartsMax = 16

/** What is typed as words, in characters: 24 of the longest words, with numbers before them, are 300. */
export const wordsCharsMax = 1000
