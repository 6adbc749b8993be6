/** What an entry in a mailbox or knock box says, once it is opened: a letter, signed by its sender, or an epoch's notice. */
import { type CborValue, decodeCbor, encodeCbor, isList, KithError, labelled, utf8 } from '../bytes/index.ts'
import { boxBytes } from '../crypto/seal/index.ts'
import type { SigningKey } from '../crypto/sign/index.ts'
import { letterLinkCharsMax, lineageBytesMax, messageBytesMax } from '../limits/index.ts'
import { type Level, levelNumbers, numberToLevel } from '../membership/index.ts'
import type { Signing, Verifying } from '../ports/index.ts'
import { bytesToPolicy, type Policy, policyToBytes } from '../wire/index.ts'
import {
  badContact,
  hubsToValue,
  toContactSealing,
  toFixed,
  toHubs,
  toMs,
  toName,
  toReadKey,
} from './contact-fields.ts'
import { type Lineage, openLineage } from './lineage.ts'
import type { LinkHub } from './link.ts'
import type { MailboxOffer } from './mailbox.ts'

/** How to write to somebody from now on: what a knock brings for the answer, and the answer brings in return. */
export type Terms = {
  readonly name: string
  readonly sealing: Uint8Array
  readonly hubs: readonly LinkHub[]
  readonly offer: MailboxOffer
}

type Head = {
  /** 16 random bytes, against replay. */
  readonly id: Uint8Array
  /** Milliseconds since 1970. */
  readonly time: number
}

export type Letter = Head & {
  readonly type: 'letter'
  readonly lineage: Uint8Array
  readonly terms: Terms | undefined
  /** A space's invite link. */
  readonly invite: string | undefined
  readonly message: string | undefined
}

/** Rule 17: the box of one member of an epoch, so that it finds the new log without the old one. */
export type Notice = Head & {
  readonly type: 'notice'
  readonly space: Uint8Array
  /** Hash of the epoch's record. */
  readonly epoch: Uint8Array
  readonly level: Level
  readonly policy: Policy
  readonly ephemeral: Uint8Array
  /** 48 bytes: the epoch's secret of that level, sealed to the member's key for the space's app. */
  readonly box: Uint8Array
}

/** A letter whose sender is known. */
export type SignedLetter = Letter & { readonly from: Lineage }

const version = 1
const noSignature = new Uint8Array(0)
const letterType = 0
const noticeType = 1

/**
 * CBOR [body, signature]. The body is CBOR [1, 0, id, time, lineage, terms | null, invite | null, message | null], terms are
 * [name, sealing key, write seed, read key, [[hub key, URL]…]]. The receiver's address is signed too: nobody can hand
 * the letter on as if it were for another.
 */
export function encodeLetter(crypto: Signing, letter: Letter, device: SigningKey, receiver: Uint8Array): Uint8Array {
  const { id, time, lineage, terms, invite, message } = letter
  const body = encodeCbor([
    version,
    letterType,
    id,
    time,
    lineage,
    terms === undefined ? null : termsToValue(terms),
    invite ?? null,
    message ?? null,
  ])
  return encodeCbor([body, crypto.ed25519Sign(letterToSign(receiver, body), device.seed)])
}

/** CBOR [body, empty]; the body is CBOR [1, 1, id, time, space, record's hash, level, policy, ephemeral key, box]. */
export function encodeNotice(notice: Notice): Uint8Array {
  const { id, time, space, epoch, level, policy, ephemeral, box } = notice
  const fields = [id, time, space, epoch, levelNumbers[level], policyToBytes(policy), ephemeral, box]
  return encodeCbor([encodeCbor([version, noticeType, ...fields]), noSignature])
}

/**
 * Reads what a box of `receiver` (an address) held.
 *
 * @throws KithError `bad-encoding`, `bad-signature`, `bad-key`, `too-large`, `protocol-version`, `not-supported` (a newer kind of letter).
 */
export function decodeLetter(crypto: Verifying, payload: Uint8Array, receiver: Uint8Array): SignedLetter | Notice {
  const outer = decodeCbor(payload)
  if (!isList(outer) || outer.length !== 2) throw badContact('letter')
  const [body, signature] = outer
  if (!(body instanceof Uint8Array) || !(signature instanceof Uint8Array)) throw badContact('letter')
  const fields = decodeCbor(body)
  if (!isList(fields) || fields.length < 2) throw badContact('letter')
  if (fields[0] !== version)
    throw new KithError('protocol-version', 'A letter was written by a newer version of Kith. Update this program.')
  if (fields[1] === noticeType) return toNotice(fields)
  if (fields[1] !== letterType)
    throw new KithError('not-supported', 'A letter is of a kind that this version does not know. Update this program.')
  const letter = toLetter(fields)
  const from = openLineage(crypto, letter.lineage)
  if (!crypto.ed25519Verify(signature, letterToSign(receiver, body), from.device))
    throw new KithError('bad-signature', 'A letter is not signed by its sender, or is for somebody else.')
  return { ...letter, from }
}

function toLetter(fields: readonly CborValue[]): Letter {
  const [, , id, time, lineage, terms, invite, message] = fields
  if (fields.length !== 8) throw badContact('letter')
  if (!(lineage instanceof Uint8Array) || lineage.length > lineageBytesMax) throw badContact('lineage')
  const letter: Letter = {
    type: 'letter',
    id: toFixed(id, 16, 'id'),
    time: toMs(time),
    lineage,
    terms: terms === null ? undefined : toTerms(terms),
    invite: toOptionalText(invite, (text) => text.length <= letterLinkCharsMax),
    message: toOptionalText(message, (text) => utf8(text).length <= messageBytesMax),
  }
  if (letter.terms === undefined && letter.invite === undefined && letter.message === undefined)
    throw badContact('an empty letter')
  return letter
}

function toNotice(fields: readonly CborValue[]): Notice {
  const [, , id, time, space, epoch, number, policy, ephemeral, box] = fields
  const level = numberToLevel(number)
  if (fields.length !== 10 || level === undefined || !(policy instanceof Uint8Array)) throw badContact('notice')
  return {
    type: 'notice',
    id: toFixed(id, 16, 'id'),
    time: toMs(time),
    space: toFixed(space, 32, 'space'),
    epoch: toFixed(epoch, 32, 'epoch'),
    level,
    policy: bytesToPolicy(policy),
    ephemeral: toFixed(ephemeral, 32, 'box'),
    box: toFixed(box, boxBytes, 'box'),
  }
}

/** CBOR fields of terms: also how they lie in the database. */
export function termsToValue({ name, sealing, hubs, offer }: Terms): CborValue {
  return [name, sealing, offer.writeSeed, offer.readKey, hubsToValue(hubs)]
}

export function toTerms(value: unknown): Terms {
  if (!isList(value) || value.length !== 5) throw badContact('terms')
  const [name, sealing, writeSeed, readKey, hubs] = value
  return {
    name: toName(name),
    sealing: toContactSealing(sealing),
    offer: { writeSeed: toFixed(writeSeed, 32, 'mailbox'), readKey: toReadKey(readKey) },
    hubs: toHubs(hubs),
  }
}

function toOptionalText(value: unknown, fits: (text: string) => boolean): string | undefined {
  if (value === null) return undefined
  if (typeof value !== 'string' || value.length === 0 || !fits(value)) throw badContact('text')
  return value
}

function letterToSign(receiver: Uint8Array, body: Uint8Array): Uint8Array {
  return labelled('kith/1 letter', receiver, body)
}
