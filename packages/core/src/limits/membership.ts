/** Records about people and keys, and links. Membership changes are read by everybody, so each bounds what a member can cost all others. */

/** Apps that one device serves, and for which one person has keys. */
export const personTagsMax = 1024

/** Devices for which one person's key is sealed. */
export const personDevicesMax = 256

/** Items of one list in an epoch or a share: seeds of open invites, links to older epochs, boxes. */
export const epochItemsMax = 4096

/** One secret sealed into a record, in bytes: a key and a tag, with room for those of later suites. */
export const sealedSecretBytesMax = 1024

/** Hubs that a link names; more would make a link that nobody reads, and the first are as good as any. */
export const linkHubsMax = 8

/** The URL of a hub in a link, in characters, which are ASCII. */
export const linkUrlCharsMax = 512

/** A whole link in characters, refused by its length alone when it is longer. */
export const linkCharsMax = 8192
