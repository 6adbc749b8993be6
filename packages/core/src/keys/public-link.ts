import {
  decodeCbor,
  encodeCbor,
  equalBytes,
  fromBase64Url,
  isList,
  KithError,
  labelled,
  toBase64Url,
} from '../bytes/index.ts'
import { isEd25519PublicKey } from '../crypto/verify/index.ts'
import { linkCharsMax, linkHubsMax, linkUrlCharsMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'
import type { LinkHub } from './link.ts'

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
const prefix = 'kith:public:'
const version = 1
const checksumBytes = 4

/** Whether a text is, or ends with, a link to a public space. */
export function isPublicLink(text: string): boolean {
  return text.includes(prefix)
}

/**
 * 'kith:public:' and base64url of CBOR [1, space, app hash, epoch, read secret, log's write key, log's admin key or empty, [[hub
 * key, URL]…]] ‖ 4 bytes of its SHA-256.
 */
export function formatPublicLink(crypto: Hashing, link: PublicLink): string {
  const { space, appHash, epoch, readSecret, logWriteKey, logAdminKey } = link
  const hubs = link.hubs.slice(0, linkHubsMax).map(({ key, url }) => [key, url])
  const admin = logAdminKey ?? new Uint8Array(0)
  const payload = encodeCbor([version, space, appHash, epoch, readSecret, logWriteKey, admin, hubs])
  const bytes = new Uint8Array(payload.length + checksumBytes)
  bytes.set(payload)
  bytes.set(checksum(crypto, payload), payload.length)
  return prefix + toBase64Url(bytes)
}

/**
 * Reads what `formatPublicLink` wrote, also as the fragment of a web address and with space around it. Throws 'bad-link', or
 * 'protocol-version' for a link of a newer version.
 */
export function parsePublicLink(crypto: Hashing, text: string): PublicLink {
  const at = text.lastIndexOf(prefix)
  if (text.length > linkCharsMax || at < 0) throw badLink()
  const value = readPayload(crypto, text.slice(at + prefix.length).trim())
  if (!isList(value)) throw badLink()
  if (value[0] !== version)
    throw new KithError('protocol-version', 'The link was made by a newer version of Kith. Update this program.')
  const [, space, appHash, epoch, readSecret, logWriteKey, admin, hubs] = value
  if (value.length !== 8 || !isBytes(space, 32) || !isBytes(appHash, 8)) throw badLink()
  if (!isBytes(epoch, 32) || !isBytes(readSecret, 32) || !isKey(logWriteKey)) throw badLink()
  if (!isBytes(admin, 0) && !isKey(admin)) throw badLink()
  if (!isList(hubs) || hubs.length > linkHubsMax) throw badLink()
  const logAdminKey = admin.length === 0 ? undefined : admin
  return { space, appHash, epoch, readSecret, logWriteKey, logAdminKey, hubs: hubs.map(toHub) }
}

function readPayload(crypto: Hashing, text: string): unknown {
  try {
    const bytes = fromBase64Url(text)
    const payload = bytes.subarray(0, -checksumBytes)
    if (bytes.length > checksumBytes && equalBytes(bytes.subarray(payload.length), checksum(crypto, payload)))
      return decodeCbor(payload)
  } catch {
    // Said below in the words of a link.
  }
  throw badLink()
}

function toHub(value: unknown): LinkHub {
  if (!isList(value) || value.length !== 2) throw badLink()
  const [key, url] = value
  if (!isBytes(key, 32) || typeof url !== 'string' || url.length > linkUrlCharsMax) throw badLink()
  return { key, url }
}

function checksum(crypto: Hashing, payload: Uint8Array): Uint8Array {
  return crypto.sha256(labelled('kith/1 public link', payload)).subarray(0, checksumBytes)
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
