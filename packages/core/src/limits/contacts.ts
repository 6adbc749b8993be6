/** Cards, mailboxes and knock boxes: what strangers can cost us is bounded here. */

/** One entry in a knock box, whose writer nobody has to know: one invite and a few sentences. Every knock is padded to exactly this. */
export const knockBytesMax = 2048

/** An epoch's notice in a mailbox (membership rule 17): there is one for each member, so it is kept small. */
export const noticeBytesMax = 500

/** What one message to a contact holds, in bytes of UTF-8: a letter, not a file. */
export const messageBytesMax = 16 * 1024

/** An invite's link in a letter, in characters, which are ASCII. */
export const letterLinkCharsMax = 8192

/** A contact's name as the contact proposes it, in bytes of UTF-8. */
export const contactNameBytesMax = 128

/** Hubs that a card names. A letter goes to each of them, so more would cost every sender. */
export const cardHubsMax = 4

/** The URL of a hub in a card, in characters, which are ASCII. */
export const cardUrlCharsMax = 128

/** A whole card in characters, refused by its length alone when it is longer: what a QR code of 2,953 bytes can hold. */
export const cardCharsMax = 2900

/** Admissions between a person's first device and the one that signs: each costs a signature to check. */
export const lineageStepsMax = 8

/** A person's devices after each other, as a card or letter carries them, in bytes. */
export const lineageBytesMax = 1800

/** Letters from strangers that wait for an answer. Beyond, the oldest of whoever has the most waiting goes first. */
export const requestsPendingMax = 20

/** Letters kept of one contact; the oldest go first. */
export const lettersPerContactMax = 1000

/** Ids of one sender's letters that are remembered against replay; when one is forgotten, all up to its time count as seen. */
export const letterIdsMax = 2048

/** Persons that one installation knows. */
export const contactsMax = 4096

/** A letter older than this is refused: as long as hubs keep mailboxes, and a day for clocks. */
export const letterAgeMsMax = 31 * 24 * 60 * 60 * 1000

/** A letter from further ahead of our clock is refused: phones may be a time zone off, and ids are remembered no longer than needed. */
export const letterAheadMsMax = 24 * 60 * 60 * 1000

/** A letter that no hub of its receiver took for so long is given up. */
export const deliveryMsMax = 30 * 24 * 60 * 60 * 1000

/** Letters on their way at once, each on a connection of its own. */
export const couriersMax = 4

/** Epochs of one space that contacts told of and whose records have not come: any member can tell of some. */
export const noticesPerSpaceMax = 16
