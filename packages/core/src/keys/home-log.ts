/**
 * How a device that has the key of an app's tag finds the person's home space of that app: a small log whose keys derive from the tag's
 * secret, as an invite's derive from its link. So a device that was just admitted, and a recovered person, need nothing else; and who has
 * lost the tag cannot follow, for with the tag's next key it is another log.
 */
import { decodeCbor, encodeCbor, isList, KithError, utf8 } from '../bytes/index.ts'
import { entryKinds, openEntry, sealEntry } from '../change/index.ts'
import { deriveKey } from '../crypto/seal/index.ts'
import { type SigningKey, seedToSigningKey } from '../crypto/sign/index.ts'
import { appIdBytesMax } from '../limits/index.ts'
import { type Level, levelNumbers, numberToLevel } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { bytesToPolicy, type Policy, policyToBytes } from '../wire/index.ts'

/** An epoch of a space as it is handed from one device of a person to the next: enough to read the space. */
export type SpaceAccess = {
  readonly space: Uint8Array
  /** Hash of the epoch's record. */
  readonly epoch: Uint8Array
  readonly level: Level
  readonly secret: Uint8Array
  /** Of the epoch's main log. */
  readonly policy: Policy
}

export type HomePointer = SpaceAccess & {
  /** The app whose home it is. */
  readonly app: string
  /** Milliseconds since 1970: of several the newest counts. */
  readonly time: number
}

export type HomeLog = {
  readonly policy: Policy
  readonly read: SigningKey
  readonly write: SigningKey
  readonly base: Uint8Array
}

/** `secret`: the X25519 secret key of the tag. */
export function tagToHomeLog(crypto: Crypto, secret: Uint8Array): HomeLog {
  const read = seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 home read'))
  const write = seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 home write'))
  const policy: Policy = { read: read.publicKey, write: write.publicKey, admin: 'none', kind: 'space' }
  return { policy, read, write, base: deriveKey(crypto, secret, 32, 'kith/1 home entry') }
}

/** CBOR [space, epoch, level, secret, policy's bytes]. */
export function encodeAccess({ space, epoch, level, secret, policy }: SpaceAccess): Uint8Array {
  return encodeCbor([space, epoch, levelNumbers[level], secret, policyToBytes(policy)])
}

/** @throws KithError `bad-encoding`, `bad-key`. */
export function decodeAccess(bytes: Uint8Array): SpaceAccess {
  const value = decodeCbor(bytes)
  if (!isList(value) || value.length !== 5) throw badPointer()
  const [space, epoch, number, secret, policy] = value
  const level = numberToLevel(number)
  if (!isKey(space) || !isKey(epoch) || !isKey(secret) || level === undefined) throw badPointer()
  if (!(policy instanceof Uint8Array)) throw badPointer()
  return { space, epoch, level, secret, policy: bytesToPolicy(policy) }
}

/** CBOR [1, app, access, time]. */
export function sealHomePointer(crypto: Crypto, { base }: HomeLog, pointer: HomePointer): Uint8Array {
  const payload = encodeCbor([1, pointer.app, encodeAccess(pointer), pointer.time])
  return sealEntry(crypto, { baseKey: base, associated: noBytes }, entryKinds.home, payload).bytes
}

/** @throws KithError `cannot-open`, `bad-encoding`, `bad-key`. */
export function openHomePointer(crypto: Crypto, { base }: HomeLog, bytes: Uint8Array): HomePointer {
  const opened = openEntry(crypto, bytes, [{ baseKey: base, associated: noBytes }])
  const value = opened.kind === entryKinds.home ? decodeCbor(opened.payload) : undefined
  if (!isList(value) || value.length !== 4 || value[0] !== 1) throw badPointer()
  const [, app, access, time] = value
  if (typeof app !== 'string' || utf8(app).length > appIdBytesMax || typeof time !== 'number') throw badPointer()
  if (!(access instanceof Uint8Array)) throw badPointer()
  return { ...decodeAccess(access), app, time }
}

const noBytes = new Uint8Array(0)

function isKey(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32
}

function badPointer(): KithError {
  return new KithError('bad-encoding', 'What says where a home space is, is malformed.')
}
