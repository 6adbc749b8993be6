/** What devices say to each other of who is here: sealed like an entry, signed by a device, never stored. docs/protocol/presence.md has the bytes. */
import { decodeCbor, encodeCbor, isList, KithError, utf8 } from '../bytes/index.ts'
import { type EntryKey, entryKinds, openEntry, sealEntry } from '../change/index.ts'
import { deriveKey } from '../crypto/seal/index.ts'
import { type SigningKey, signLabelled } from '../crypto/sign/index.ts'
import { keyBytes, signatureBytes, verifyLabelled } from '../crypto/verify/index.ts'
import { presenceBytesMax, presenceStateBytesMax } from '../limits/index.ts'
import type { Crypto, Verifying } from '../ports/index.ts'

/** `asks`: here, and wants to know who else is. */
export type PresenceType = 'here' | 'asks' | 'gone'

export type PresenceMessage = {
  readonly type: PresenceType
  /** Ed25519 public key of the device that says so. */
  readonly device: Uint8Array
  /** 16 bytes of that device's choice: one tab or program. */
  readonly session: Uint8Array
  /** When the session began, in milliseconds since 1970, by its own clock. */
  readonly since: number
  /** The same for the message: each of a session is later than the one before. */
  readonly time: number
  /** As the app gave it, as text; undefined before it has given any. */
  readonly state: string | undefined
}

/** Where it is said: a message of one log of one space means nothing on another. */
export type PresencePlace = { readonly space: Uint8Array; readonly log: Uint8Array }

/** Opened, and not yet known to be by the device that it names. */
export type OpenedPresence = {
  readonly message: PresenceMessage
  readonly isSigned: (crypto: Verifying, place: PresencePlace) => boolean
}

export const presenceSessionBytes = 16

const version = 1
const types = ['here', 'asks', 'gone'] as const satisfies readonly PresenceType[]
const label = 'kith/1 presence'

/** `secret`: the epoch's read secret, or its write secret where everybody has the other. */
export function secretToPresenceKey(crypto: Crypto, secret: Uint8Array, epoch: Uint8Array): EntryKey {
  return { baseKey: deriveKey(crypto, secret, 32, 'kith/1 presence key'), associated: epoch }
}

export function sealPresence(
  crypto: Crypto,
  key: EntryKey,
  { space, log }: PresencePlace,
  device: SigningKey,
  { type, session, since, time, state }: Omit<PresenceMessage, 'device'>,
): Uint8Array {
  const fields = [version, types.indexOf(type), device.publicKey, session, since, time, state ?? null]
  const body = encodeCbor(fields)
  const signature = signLabelled(crypto, device.seed, label, space, log, body)
  return sealEntry(crypto, key, entryKinds.presence, encodeCbor([body, signature])).bytes
}

/** @throws KithError `too-large`, `cannot-open`, `protocol-version`, `bad-encoding`. */
export function openPresence(crypto: Crypto, bytes: Uint8Array, keys: readonly EntryKey[]): OpenedPresence {
  if (bytes.length > presenceBytesMax) throw new KithError('too-large', 'A message of presence passes its limit.')
  const { kind, payload } = openEntry(crypto, bytes, keys)
  const outer = kind === entryKinds.presence ? decodeCbor(payload) : undefined
  if (!isList(outer) || outer.length !== 2) throw malformed()
  const [body, signature] = outer
  if (!isFixed(signature, signatureBytes) || !(body instanceof Uint8Array)) throw malformed()
  const message = toMessage(body)
  return {
    message,
    isSigned: (verifying, { space, log }) =>
      verifyLabelled(verifying, signature, message.device, label, space, log, body),
  }
}

function toMessage(body: Uint8Array): PresenceMessage {
  const fields = decodeCbor(body)
  if (!isList(fields) || fields.length !== 7 || fields[0] !== version) throw malformed()
  const [, number, device, session, since, time, state] = fields
  const type = types[number as number]
  if (type === undefined || !isFixed(device, keyBytes) || !isFixed(session, presenceSessionBytes)) throw malformed()
  if (!isMs(since) || !isMs(time)) throw malformed()
  if (state !== null && (typeof state !== 'string' || utf8(state).length > presenceStateBytesMax)) throw malformed()
  return { type, device, session, since, time, state: state ?? undefined }
}

const isFixed = (value: unknown, length: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length === length

const isMs = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const malformed = (): KithError => new KithError('bad-encoding', 'A message of presence is malformed. It was refused.')
