/** What cards and letters have in common: names, hubs, keys, each read within its bounds. */
import { type CborValue, isList, KithError, utf8 } from '../bytes/index.ts'
import { isEd25519PublicKey, isX25519PublicKey } from '../crypto/verify/index.ts'
import { cardHubsMax, cardUrlCharsMax, contactNameBytesMax } from '../limits/index.ts'
import type { LinkHub } from './link.ts'

export function hubsToValue(hubs: readonly LinkHub[]): CborValue {
  return hubs.slice(0, cardHubsMax).map(({ key, url }) => [key, url])
}

export function toHubs(value: unknown): LinkHub[] {
  if (!isList(value) || value.length > cardHubsMax) throw badContact('hubs')
  return value.map((item) => {
    if (!isList(item) || item.length !== 2) throw badContact('a hub')
    const [key, url] = item
    if (typeof url !== 'string' || url.length > cardUrlCharsMax) throw badContact('a hub')
    return { key: toFixed(key, 32, 'a hub'), url }
  })
}

export function toName(value: unknown): string {
  if (typeof value !== 'string' || utf8(value).length > contactNameBytesMax) throw badContact('name')
  return value
}

export function toFixed(value: unknown, length: number, name: string): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw badContact(name)
  return value
}

export function toReadKey(value: unknown): Uint8Array {
  const key = toFixed(value, 32, 'a key')
  if (!isEd25519PublicKey(key)) throw badContact('a key')
  return key
}

export function toContactSealing(value: unknown): Uint8Array {
  const key = toFixed(value, 32, 'a key')
  if (!isX25519PublicKey(key)) throw badContact('a key')
  return key
}

export function toMs(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw badContact('time')
  return value
}

export function badContact(name: string): KithError {
  return new KithError('bad-encoding', `A card or letter is malformed (${name}). It was refused.`)
}
