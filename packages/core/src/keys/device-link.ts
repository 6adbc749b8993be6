/**
 * How a new device and one that a person has find each other: a secret, shown by the old one as a short code or a link, from which the
 * keys of a small log at a hub derive. What they say there, in this order:
 *
 *   old  offer      here I am, until then
 *   new  commit     a hash of what the new device will show
 *   old  answer     its keys and a nonce
 *   new  reveal     its keys and a nonce, which the hash was of
 *        (both show six digits, made of all of that; a person compares them and confirms on both)
 *   new  confirmed
 *   old  welcome    what the new device needs, sealed to its key and signed by the old one's
 *   any  ended
 *
 * Neither the hub nor anybody who saw the code can stand between them: who commits first cannot choose keys so that the digits agree,
 * and has one try (1 in a million), for a second of any message ends it all. See docs/decisions/0038.
 */
import { type CborValue, decodeCbor, encodeCbor, isList, KithError, utf8 } from '../bytes/index.ts'
import { entryKinds, openEntry, sealEntry } from '../change/index.ts'
import { deriveKey, openBox, sealBoxes } from '../crypto/seal/index.ts'
import { type SigningKey, seedToSigningKey, signLabelled } from '../crypto/sign/index.ts'
import { isEd25519PublicKey, isX25519PublicKey, labelledHash, verifyLabelled } from '../crypto/verify/index.ts'
import { appIdBytesMax, nameBytesMax, personTagsMax } from '../limits/index.ts'
import type { Crypto, Hashing } from '../ports/index.ts'
import type { Policy } from '../wire/index.ts'
import type { SealingKey } from './person.ts'

/** The log on which two devices meet; both have all of its keys. */
export type PairingLog = {
  readonly policy: Policy
  readonly read: SigningKey
  readonly write: SigningKey
  /** Base key of the entries. */
  readonly base: Uint8Array
}

/** A device as it shows itself, with a nonce so that a commitment hides it. */
export type ShownDevice = { readonly signing: Uint8Array; readonly sealing: Uint8Array; readonly nonce: Uint8Array }

/** What the new device says of itself. */
export type Reveal = ShownDevice & {
  readonly name: string
  /** The apps that it is for; undefined: all that the old one has. */
  readonly apps: readonly string[] | undefined
}

export type Answer = { readonly device: Uint8Array; readonly address: Uint8Array; readonly nonce: Uint8Array }

export type PairingMessage =
  | { readonly type: 'offer'; readonly expires: number }
  | { readonly type: 'commit'; readonly commitment: Uint8Array }
  | ({ readonly type: 'answer' } & Answer)
  | ({ readonly type: 'reveal' } & Reveal)
  | { readonly type: 'confirmed'; readonly signature: Uint8Array }
  | {
      readonly type: 'welcome'
      readonly ephemeral: Uint8Array
      readonly box: Uint8Array
      readonly sealed: Uint8Array
      readonly signature: Uint8Array
    }
  | { readonly type: 'ended' }

const pairingTypes = ['offer', 'commit', 'answer', 'reveal', 'confirmed', 'welcome', 'ended'] as const

export function secretToPairingLog(crypto: Crypto, secret: Uint8Array): PairingLog {
  const read = seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 pairing read'))
  const write = seedToSigningKey(crypto, deriveKey(crypto, secret, 32, 'kith/1 pairing write'))
  // Gone by itself after a month, and by then long useless.
  const policy: Policy = { read: read.publicKey, write: write.publicKey, admin: 'none', kind: 'mailbox' }
  return { policy, read, write, base: deriveKey(crypto, secret, 32, 'kith/1 pairing entry') }
}

export function sealPairing(crypto: Crypto, { base }: PairingLog, message: PairingMessage): Uint8Array {
  const key = { baseKey: base, associated: noBytes }
  return sealEntry(crypto, key, entryKinds.pairing, encodeCbor(toFields(message))).bytes
}

/** @throws KithError `cannot-open`, `bad-encoding`, `bad-key`. */
export function openPairing(crypto: Crypto, { base }: PairingLog, bytes: Uint8Array): PairingMessage {
  const opened = openEntry(crypto, bytes, [{ baseKey: base, associated: noBytes }])
  const fields = opened.kind === entryKinds.pairing ? decodeCbor(opened.payload) : undefined
  if (!isList(fields)) throw badMessage()
  return toMessage(fields)
}

/** What the new device says first: then it can no longer choose what to show. */
export function revealToCommitment(crypto: Hashing, reveal: Reveal): Uint8Array {
  return labelledHash(crypto, 'kith/1 pairing commit', encodeCbor(toFields({ type: 'reveal', ...reveal })))
}

/** A hash of all that both have said. */
export function toTranscript(crypto: Hashing, log: PairingLog, answer: Answer, reveal: Reveal): Uint8Array {
  const said = encodeCbor([toFields({ type: 'answer', ...answer }), toFields({ type: 'reveal', ...reveal })])
  return labelledHash(crypto, 'kith/1 pairing', log.read.publicKey, said)
}

/** Six digits that a person compares. */
export function transcriptToCheck(crypto: Hashing, transcript: Uint8Array): string {
  const hash = labelledHash(crypto, 'kith/1 pairing check', transcript)
  const number = new DataView(hash.buffer, hash.byteOffset).getUint32(0) % 1_000_000
  const digits = String(number).padStart(6, '0')
  return `${digits.slice(0, 3)} ${digits.slice(3)}`
}

const confirmLabel = 'kith/1 pairing confirmed'
const welcomeLabel = 'kith/1 pairing welcome'

export function confirmPairing(crypto: Crypto, device: SigningKey, transcript: Uint8Array): PairingMessage {
  return { type: 'confirmed', signature: signLabelled(crypto, device.seed, confirmLabel, transcript) }
}

export function isConfirmed(
  crypto: Crypto,
  device: Uint8Array,
  transcript: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verifyLabelled(crypto, signature, device, confirmLabel, transcript)
}

/** Seals `payload` to the new device, signed by the old one. */
export function createWelcome(
  crypto: Crypto,
  device: SigningKey,
  to: ShownDevice,
  transcript: Uint8Array,
  payload: Uint8Array,
): PairingMessage {
  const secret = crypto.randomBytes(32)
  const { ephemeral, boxes } = sealBoxes(crypto, transcript, [{ publicKey: to.sealing, secret }])
  // The secret is for this one payload: no nonce is ever used twice with it.
  const sealed = crypto.aeadSeal(secret, new Uint8Array(24), payload, transcript)
  const box = boxes[0] as Uint8Array
  const signature = signLabelled(crypto, device.seed, welcomeLabel, transcript, ephemeral, box, sealed)
  return { type: 'welcome', ephemeral, box, sealed, signature }
}

/** @throws KithError `bad-signature`, `cannot-open`. */
export function openWelcome(
  crypto: Crypto,
  device: Uint8Array,
  own: SealingKey,
  transcript: Uint8Array,
  welcome: Extract<PairingMessage, { type: 'welcome' }>,
): Uint8Array {
  const { ephemeral, box, sealed, signature } = welcome
  if (!verifyLabelled(crypto, signature, device, welcomeLabel, transcript, ephemeral, box, sealed))
    throw new KithError('bad-signature', 'The welcome is not from the device that was compared. Begin again.')
  const secret = openBox(crypto, transcript, { ephemeral, box, index: 0 }, own.secretKey)
  const payload = crypto.aeadOpen(secret, new Uint8Array(24), sealed, transcript)
  if (payload === undefined) throw new KithError('cannot-open', 'The welcome was altered. Begin again.')
  return payload
}

function toFields(message: PairingMessage): CborValue {
  const type = pairingTypes.indexOf(message.type)
  switch (message.type) {
    case 'offer':
      return [type, message.expires]
    case 'commit':
      return [type, message.commitment]
    case 'answer':
      return [type, message.device, message.address, message.nonce]
    case 'reveal': {
      const { signing, sealing, nonce, name, apps } = message
      return [type, signing, sealing, nonce, name, apps === undefined ? null : [...apps]]
    }
    case 'confirmed':
      return [type, message.signature]
    case 'welcome':
      return [type, message.ephemeral, message.box, message.sealed, message.signature]
    case 'ended':
      return [type]
  }
}

function toMessage(fields: readonly CborValue[]): PairingMessage {
  const [number, ...rest] = fields
  const type = pairingTypes[number as number]
  const count = (length: number): void => {
    if (rest.length !== length) throw badMessage()
  }
  switch (type) {
    case 'offer': {
      count(1)
      const [expires] = rest
      if (typeof expires !== 'number') throw badMessage()
      return { type, expires }
    }
    case 'commit':
      count(1)
      return { type, commitment: toFixed(rest[0], 32) }
    case 'answer':
      count(3)
      return { type, device: toSigning(rest[0]), address: toFixed(rest[1], 48), nonce: toFixed(rest[2], 32) }
    case 'reveal': {
      count(5)
      const [signing, sealing, nonce, name, apps] = rest
      if (!(sealing instanceof Uint8Array) || !isX25519PublicKey(sealing)) throw badMessage()
      return {
        type,
        signing: toSigning(signing),
        sealing,
        nonce: toFixed(nonce, 32),
        name: toName(name),
        apps: toApps(apps),
      }
    }
    case 'confirmed':
      count(1)
      return { type, signature: toFixed(rest[0], 64) }
    case 'welcome': {
      count(4)
      const [ephemeral, box, sealed, signature] = rest
      if (!(sealed instanceof Uint8Array)) throw badMessage()
      return {
        type,
        ephemeral: toFixed(ephemeral, 32),
        box: toFixed(box, 48),
        sealed,
        signature: toFixed(signature, 64),
      }
    }
    case 'ended':
      count(0)
      return { type }
    default:
      throw badMessage()
  }
}

function toApps(value: CborValue | undefined): readonly string[] | undefined {
  if (value === null) return undefined
  if (!isList(value) || value.length > personTagsMax) throw badMessage()
  return value.map((app) => {
    if (typeof app !== 'string' || utf8(app).length > appIdBytesMax) throw badMessage()
    return app
  })
}

function toName(value: unknown): string {
  if (typeof value !== 'string' || utf8(value).length > nameBytesMax) throw badMessage()
  return value
}

function toFixed(value: unknown, length: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length !== length) throw badMessage()
  return value
}

function toSigning(value: unknown): Uint8Array {
  const key = toFixed(value, 32)
  if (!isEd25519PublicKey(key)) throw badMessage()
  return key
}

const noBytes = new Uint8Array(0)

function badMessage(): KithError {
  return new KithError('bad-encoding', 'The other device said something malformed. Begin again with a fresh code.')
}
