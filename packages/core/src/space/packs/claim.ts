import { concatBytes, decodeCbor, encodeCbor, equalBytes, isList, KithError, labelled } from '../../bytes/index.ts'
import { isRankAtLeast, type Membership } from '../../membership/index.ts'
import type { Crypto } from '../../ports/index.ts'
import type { Numbers } from '../../sync/index.ts'

/** Where the numbers of a log's entries are the same. */
export type ClaimPlace = { readonly log: Uint8Array; readonly hubKey: Uint8Array; readonly generation: Uint8Array }

export type Claim = { readonly place: ClaimPlace; readonly numbers: Numbers }

/**
 * Payload of an entry of kind `claim`: CBOR [hub's key, generation, low, high, device, signature]. The signature, by the device, is over
 * labelled('kith/1 pack claim', log ‖ CBOR of the first four): whoever could write to the log once can put one, and only members are believed.
 */
export const signClaim = (
  crypto: Crypto,
  device: { readonly publicKey: Uint8Array; readonly seed: Uint8Array },
  { place, numbers: { low, high } }: Claim,
): Uint8Array => {
  const { hubKey, generation } = place
  const signature = crypto.ed25519Sign(toSign(place.log, [hubKey, generation, low, high]), device.seed)
  return encodeCbor([hubKey, generation, low, high, device.publicKey, signature])
}

/**
 * What is claimed; undefined where it is of another hub or generation, or of somebody who is no member that may write.
 *
 * @throws KithError `bad-encoding` for what is no claim, `bad-signature` where it is not its device's.
 */
export const readClaim = (
  crypto: Crypto,
  membership: Membership,
  payload: Uint8Array,
  place: ClaimPlace,
): Claim | undefined => {
  const fields = decodeCbor(payload)
  if (!isList(fields) || fields.length !== 6) throw bad()
  const [hubKey, generation, low, high, device, signature] = fields
  if (!isBytes(hubKey, 32) || !isBytes(generation) || !isBytes(device, 32) || !isBytes(signature, 64)) throw bad()
  if (!isNumber(low) || !isNumber(high) || low < 1 || low > high) throw bad()
  if (!equalBytes(hubKey, place.hubKey) || !equalBytes(generation, place.generation)) return undefined
  if (!mayWrite(membership, device)) return undefined
  if (!crypto.ed25519Verify(signature, toSign(place.log, [hubKey, generation, low, high]), device))
    throw new KithError('bad-signature', 'What somebody says of packs is not signed by their device. It was refused.')
  return { place, numbers: { low, high } }
}

const toSign = (log: Uint8Array, fields: readonly (Uint8Array | number)[]): Uint8Array =>
  labelled('kith/1 pack claim', concatBytes(log, encodeCbor([...fields])))

const mayWrite = (membership: Membership, device: Uint8Array): boolean =>
  membership
    .members()
    .some(({ rank, devices }) => isRankAtLeast(rank, 'writer') && devices.some((one) => equalBytes(one.device, device)))

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value)

const isBytes = (value: unknown, length?: number): value is Uint8Array =>
  value instanceof Uint8Array && (length === undefined ? value.length <= 64 : value.length === length)

const bad = (): KithError => new KithError('bad-encoding', 'What somebody says of packs is malformed. It was refused.')
