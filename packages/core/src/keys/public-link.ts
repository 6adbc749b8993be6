import { decodeCbor, encodeCbor, ifUsable, isList, KithError } from '../bytes/index.ts'
import { isEd25519PublicKey } from '../crypto/verify/index.ts'
import { linkCharsMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'
import { bytesToCheckedText, checkedTextToBytes } from './checked-text.ts'
import { type LinkHub, linkHubsToValue, valueToLinkHubs } from './link.ts'

/** All that a link to a public space says (membership rule 22). It holds nothing secret any more: the epoch's record shows the same to everybody. */
export type PublicLink = {
  readonly space: Uint8Array
  /** As in a link by which one joins. */
  readonly appHash: Uint8Array
  /** Hash of the record of the epoch that was in use when the link was made; newer public ones are found from there. */
  readonly epoch: Uint8Array
  readonly readSecret: Uint8Array
  /** Keys of the epoch's log, which with the one that follows from the secret make its policy. */
  readonly logWriteKey: Uint8Array
  /** Undefined where the log has none. */
  readonly logAdminKey: Uint8Array | undefined
  readonly hubs: readonly LinkHub[]
}

/** Not that of links by which one joins: nobody shall take the one for the other. */
const kind = { prefix: 'kith:public:', label: 'kith/1 public link' }
const version = 1

/** Whether a text is, or ends with, a link to a public space. */
export function isPublicLink(text: string): boolean {
  return text.includes(kind.prefix)
}

/**
 * 'kith:public:' and base64url of CBOR [1, space, app hash, epoch, read secret, log's write key, log's admin key or empty, [[hub
 * key, URL]…]] ‖ 4 bytes of its SHA-256.
 */
export function formatPublicLink(crypto: Hashing, link: PublicLink): string {
  const { space, appHash, epoch, readSecret, logWriteKey, logAdminKey } = link
  const admin = logAdminKey ?? new Uint8Array(0)
  const fields = [version, space, appHash, epoch, readSecret, logWriteKey, admin, linkHubsToValue(link.hubs)]
  return bytesToCheckedText(crypto, kind, encodeCbor(fields))
}

/**
 * Reads what `formatPublicLink` wrote, also as the fragment of a web address and with space around it. Throws 'bad-link', or
 * 'protocol-version' for a link of a newer version.
 */
export function parsePublicLink(crypto: Hashing, text: string): PublicLink {
  const payload = text.length > linkCharsMax ? undefined : checkedTextToBytes(crypto, kind, text)
  const value = payload && ifUsable(() => decodeCbor(payload))
  if (!isList(value)) throw badLink()
  if (value[0] !== version)
    throw new KithError('protocol-version', 'The link was made by a newer version of Kith. Update this program.')
  const [, space, appHash, epoch, readSecret, logWriteKey, admin, hubs] = value
  if (value.length !== 8 || !isBytes(space, 32) || !isBytes(appHash, 8)) throw badLink()
  if (!isBytes(epoch, 32) || !isBytes(readSecret, 32) || !isKey(logWriteKey)) throw badLink()
  if (!isBytes(admin, 0) && !isKey(admin)) throw badLink()
  const named = valueToLinkHubs(hubs)
  if (named === undefined) throw badLink()
  const logAdminKey = admin.length === 0 ? undefined : admin
  return { space, appHash, epoch, readSecret, logWriteKey, logAdminKey, hubs: named }
}

function isKey(value: unknown): value is Uint8Array {
  return isBytes(value, 32) && isEd25519PublicKey(value)
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

function badLink(): KithError {
  return new KithError('bad-link', 'The public link is not whole. Ask for it again and copy all of it.')
}
