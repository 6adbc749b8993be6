/** The secret of a pairing as people carry it: twelve characters to type, or a link to scan. docs/decisions/0038 says why twelve. */
import { decodeCbor, encodeCbor, ifUsable, isList, KithError, labelled } from '../bytes/index.ts'
import { linkCharsMax, linkHubsMax, linkUrlCharsMax } from '../limits/index.ts'
import type { Crypto, Hashing } from '../ports/index.ts'
import { bytesToCheckedText, checkedTextToBytes } from './checked-text.ts'

/** A code is 11 digits of 5 bits, and one that checks them. Crockford's alphabet: nothing in it looks like something else in it. */
const digits = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const secretDigits = 11
/** How often the 55 bits are hashed before keys are made of them: a tenth of a second for people, 14 bits more for whoever searches. */
const rounds = 16_384
const link = { prefix: 'kith:device#', label: 'kith/1 device link' }

/** What a code or link gives. `hubs` is empty for a code: whoever types it knows a hub. */
export type DeviceCode = { readonly secret: Uint8Array; readonly hubs: readonly string[] }

/** A fresh code, `XXXX-XXXX-XXXX`. */
export function createDeviceCode(crypto: Crypto): string {
  const values = crypto.randomBytes(secretDigits).map((byte) => byte & 31)
  const text = [...values, checkDigit(crypto, values)].map((value) => digits[value]).join('')
  return `${text.slice(0, 4)}-${text.slice(4, 8)}-${text.slice(8)}`
}

/** The same secret as a link's: 32 bytes that no search finds, and the hubs. */
export function createDeviceLink(crypto: Hashing, secret: Uint8Array, hubs: readonly string[]): string {
  const payload = encodeCbor([1, secret, hubs.filter(({ length }) => length <= linkUrlCharsMax).slice(0, linkHubsMax)])
  return bytesToCheckedText(crypto, link, payload)
}

/** @throws KithError `bad-device-code` for what is neither a code nor a link, with a slip or whole. */
export function parseDeviceCode(crypto: Hashing, text: string): DeviceCode {
  if (text.length > linkCharsMax) throw badCode('That is no code.')
  return text.includes(link.prefix) ? readLink(crypto, text) : { secret: codeToSecret(crypto, text), hubs: [] }
}

function readCode(crypto: Hashing, text: string): Uint8Array {
  const plain = text.toUpperCase().replace(/[\s-]/g, '').replaceAll('O', '0').replace(/[IL]/g, '1')
  const values = Uint8Array.from(plain, (digit) => (digits.includes(digit) ? digits.indexOf(digit) : 255))
  if (values.length !== secretDigits + 1 || values.includes(255))
    throw badCode(`A code has ${secretDigits + 1} characters, letters and digits.`)
  const secret = values.subarray(0, secretDigits)
  if (checkDigit(crypto, secret) !== values[secretDigits]) throw badCode('There is a slip in the code.')
  return secret
}

function readLink(crypto: Hashing, text: string): DeviceCode {
  const payload = checkedTextToBytes(crypto, link, text)
  const value = payload && ifUsable(() => decodeCbor(payload))
  if (isList(value) && value.length === 3) {
    const [version, secret, hubs] = value
    const isWhole = version === 1 && secret instanceof Uint8Array && secret.length === 32 && isList(hubs)
    if (isWhole && hubs.length <= linkHubsMax) return { secret, hubs: hubs.filter((url) => typeof url === 'string') }
  }
  throw badCode('The link is not whole. Copy all of it.')
}

/** So that whoever searches codes has 16,384 hashes to do for each, before the elliptic curves. */
function stretch(crypto: Hashing, secret: Uint8Array): Uint8Array {
  let bytes = crypto.sha256(labelled('kith/1 device code', secret))
  for (let round = 0; round < rounds; round += 1) bytes = crypto.hmacSha256(bytes, secret)
  return bytes
}

/** The code that was made, as the secret that both sides derive from it. */
export function codeToSecret(crypto: Hashing, code: string): Uint8Array {
  return stretch(crypto, readCode(crypto, code))
}

function checkDigit(crypto: Hashing, secret: Uint8Array): number {
  return (crypto.sha256(labelled('kith/1 device code check', secret))[0] as number) & 31
}

function badCode(what: string): KithError {
  return new KithError('bad-device-code', `${what} Look at the other device and try again.`)
}
