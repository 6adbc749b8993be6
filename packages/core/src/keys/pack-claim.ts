/** What a member says of packs: which numbers of a log's tail at a hub they hold. docs/protocol/sync.md has the bytes. */
import { decodeCbor, encodeCbor, equalBytes, isList, KithError } from '../bytes/index.ts'
import { type SigningKey, signLabelled } from '../crypto/sign/index.ts'
import { checkLabelled, keyBytes, signatureBytes } from '../crypto/verify/index.ts'
import { isRankAtLeast, type Membership } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'

/** Where the numbers of a log's entries are the same. */
export type ClaimPlace = { readonly log: Uint8Array; readonly hubKey: Uint8Array; readonly generation: Uint8Array }

export type Claim = {
  readonly place: ClaimPlace
  /** Both ends included. */
  readonly numbers: { readonly low: number; readonly high: number }
}

const label = 'kith/1 pack claim'
const generationBytesMax = 64

/**
 * Payload of an entry of kind `claim`: CBOR [hub's key, generation, low, high, device, signature]. The signature, by the device, is over
 * labelled('kith/1 pack claim', log ‖ CBOR of the first four): whoever could write to the log once can put one, and only members are believed.
 */
export function signClaim(crypto: Crypto, device: SigningKey, { place, numbers: { low, high } }: Claim): Uint8Array {
  const fields = [place.hubKey, place.generation, low, high]
  const signature = signLabelled(crypto, device.seed, label, place.log, encodeCbor(fields))
  return encodeCbor([...fields, device.publicKey, signature])
}

/**
 * What is claimed; undefined where it is of another hub or generation, or of somebody who is no member that may write.
 *
 * @throws KithError `bad-encoding` for what is no claim, `bad-signature` where it is not its device's.
 */
export function readClaim(
  crypto: Crypto,
  membership: Membership,
  payload: Uint8Array,
  place: ClaimPlace,
): Claim | undefined {
  const fields = decodeCbor(payload)
  if (!isList(fields) || fields.length !== 6) throw bad()
  const [hubKey, generation, low, high, device, signature] = fields
  if (!isFixed(hubKey, keyBytes) || !isFixed(device, keyBytes) || !isFixed(signature, signatureBytes)) throw bad()
  if (!(generation instanceof Uint8Array) || generation.length > generationBytesMax) throw bad()
  if (!isNumber(low) || !isNumber(high) || low < 1 || low > high) throw bad()
  if (!equalBytes(hubKey, place.hubKey) || !equalBytes(generation, place.generation)) return undefined
  if (!mayWrite(membership, device)) return undefined
  checkLabelled(crypto, signature, device, label, place.log, encodeCbor([hubKey, generation, low, high]))
  return { place, numbers: { low, high } }
}

const mayWrite = (membership: Membership, device: Uint8Array): boolean =>
  membership
    .members()
    .some(({ rank, devices }) => isRankAtLeast(rank, 'writer') && devices.some((one) => equalBytes(one.device, device)))

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value)

const isFixed = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

const bad = (): KithError => new KithError('bad-encoding', 'What somebody says of packs is malformed. It was refused.')
