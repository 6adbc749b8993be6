import { type CborValue, decodeCbor, encodeCbor, ifUsable, isList, KithError, labelled, utf8 } from '../bytes/index.ts'
import { isEd25519PublicKey } from '../crypto/verify/index.ts'
import { linkCharsMax, linkHubsMax, linkUrlCharsMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'
import { bytesToCheckedText, checkedTextToBytes } from './checked-text.ts'

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

const kind = { prefix: 'kith:', label: 'kith/1 link' }
const version = 1

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
  const fields = [version, space, appHash, secret, logWriteKey, expires, linkHubsToValue(link.hubs)]
  return bytesToCheckedText(crypto, kind, encodeCbor(fields))
}

/**
 * Reads what `formatLink` wrote, also as the fragment of a web address ('https://…#kith:…') and with space around it.
 * Throws 'bad-link', or 'protocol-version' for a link of a newer version.
 */
export function parseLink(crypto: Hashing, text: string): Link {
  const payload = text.length > linkCharsMax ? undefined : checkedTextToBytes(crypto, kind, text)
  const value = payload && ifUsable(() => decodeCbor(payload))
  if (!isList(value)) throw badLink()
  if (value[0] !== version) {
    throw new KithError('protocol-version', 'The link was made by a newer version of Kith. Update this program.')
  }
  const [, space, appHash, secret, logWriteKey, expires, hubs] = value
  if (value.length !== 7 || !isBytes(space, 32) || !isBytes(appHash, 8) || !isBytes(secret, 32)) throw badLink()
  if (!isBytes(logWriteKey, 32) || !isEd25519PublicKey(logWriteKey)) throw badLink()
  if (expires !== null && (typeof expires !== 'number' || !Number.isSafeInteger(expires) || expires < 0))
    throw badLink()
  const named = valueToLinkHubs(hubs)
  if (named === undefined) throw badLink()
  return { space, appHash, secret, logWriteKey, expires, hubs: named }
}

/** More would make a link that nobody reads: the first are as good as any. */
export function linkHubsToValue(hubs: readonly LinkHub[]): CborValue {
  return hubs.slice(0, linkHubsMax).map(({ key, url }) => [key, url])
}

/** Undefined for what is no list of hubs. */
export function valueToLinkHubs(value: unknown): LinkHub[] | undefined {
  if (!isList(value) || value.length > linkHubsMax) return undefined
  const hubs = value.flatMap((item): LinkHub[] => {
    if (!isList(item) || item.length !== 2) return []
    const [key, url] = item
    return isBytes(key, 32) && typeof url === 'string' && url.length <= linkUrlCharsMax ? [{ key, url }] : []
  })
  return hubs.length === value.length ? hubs : undefined
}

function isBytes(value: unknown, length: number): value is Uint8Array {
  return value instanceof Uint8Array && value.length === length
}

function badLink(): KithError {
  return new KithError('bad-link', 'The link is not whole. Ask for it again and copy all of it.')
}
