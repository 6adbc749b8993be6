import {
  decodeCbor,
  encodeCbor,
  equalBytes,
  fromBase64Url,
  isList,
  KithError,
  labelled,
  toBase64Url,
  utf8,
} from '../bytes/index.ts'
import { isEd25519PublicKey } from '../crypto/verify/index.ts'
import { linkCharsMax, linkHubsMax, linkUrlCharsMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'

/** All that a link says. Whoever holds it can read the space, and join it while the invite is open. */
export type Link = {
  readonly space: Uint8Array
  /** First 8 bytes of a hash of the app's id, so that a link for another app is known before anything is fetched. */
  readonly appHash: Uint8Array
  /** 32 bytes. */
  readonly secret: Uint8Array
  /** Public write key of the invite's log, which completes its policy. */
  readonly logWriteKey: Uint8Array
  /** Milliseconds since 1970; null for never. The grant is what counts; this saves a useless try. */
  readonly expires: number | null
  readonly hubs: readonly LinkHub[]
}

export type LinkHub = { readonly key: Uint8Array; readonly url: string }

const prefix = 'kith:'
const version = 1
const checksumBytes = 4

/** The `appHash` of an app. */
export function appToHash(crypto: Hashing, app: string): Uint8Array {
  return crypto.sha256(labelled('kith/1 app', utf8(app))).slice(0, 8)
}

/**
 * 'kith:' and base64url of CBOR [1, space, app hash, secret, log's write key, expires, [[hub key, URL]…]] ‖ 4 bytes of
 * its SHA-256, so that a link that was cut off or mistyped is known as such.
 */
export function formatLink(crypto: Hashing, link: Link): string {
  const { space, appHash, secret, logWriteKey, expires } = link
  // More would make a link that nobody reads: the first are as good as any.
  const hubs = link.hubs.slice(0, linkHubsMax).map(({ key, url }) => [key, url])
  const payload = encodeCbor([version, space, appHash, secret, logWriteKey, expires, hubs])
  const bytes = new Uint8Array(payload.length + checksumBytes)
  bytes.set(payload)
  bytes.set(checksum(crypto, payload), payload.length)
  return prefix + toBase64Url(bytes)
}

/**
 * Reads what `formatLink` wrote, also as the fragment of a web address ('https://…#kith:…') and with space around it.
 * Throws 'bad-link', or 'protocol-version' for a link of a newer version.
 */
export function parseLink(crypto: Hashing, text: string): Link {
  if (text.length > linkCharsMax) throw badLink()
  const at = text.lastIndexOf(prefix)
  if (at < 0) throw badLink()
  const bytes = readBase64(text.slice(at + prefix.length).trim())
  const payload = bytes.subarray(0, -checksumBytes)
  if (!equalBytes(bytes.subarray(payload.length), checksum(crypto, payload))) throw badLink()
  const value = readCbor(payload)
  if (!isList(value)) throw badLink()
  if (value[0] !== version) {
    throw new KithError('protocol-version', 'The link was made by a newer version of Kith. Update this program.')
  }
  const [, space, appHash, secret, logWriteKey, expires, hubs] = value
  if (value.length !== 7 || !isBytes(space, 32) || !isBytes(appHash, 8) || !isBytes(secret, 32)) throw badLink()
  if (!isBytes(logWriteKey, 32) || !isEd25519PublicKey(logWriteKey)) throw badLink()
  if (expires !== null && (typeof expires !== 'number' || !Number.isSafeInteger(expires) || expires < 0))
    throw badLink()
  if (!isList(hubs) || hubs.length > linkHubsMax) throw badLink()
  return { space, appHash, secret, logWriteKey, expires, hubs: hubs.map(toHub) }
}

function toHub(value: unknown): LinkHub {
  if (!isList(value) || value.length !== 2) throw badLink()
  const [key, url] = value
  if (!isBytes(key, 32) || typeof url !== 'string' || url.length > linkUrlCharsMax) throw badLink()
  return { key, url }
}

function checksum(crypto: Hashing, payload: Uint8Array): Uint8Array {
  return crypto.sha256(labelled('kith/1 link', payload)).subarray(0, checksumBytes)
}

function readBase64(text: string): Uint8Array {
  try {
    const bytes = fromBase64Url(text)
    if (bytes.length > checksumBytes) return bytes
  } catch {
    // Said below in the words of a link.
  }
  throw badLink()
}

function readCbor(bytes: Uint8Array): unknown {
  try {
    return decodeCbor(bytes)
  } catch {
    throw badLink()
  }
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

function badLink(): KithError {
  return new KithError('bad-link', 'The link is not whole. Ask for it again and copy all of it.')
}
