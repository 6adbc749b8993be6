import { encodeCbor, labelled } from '../../bytes/index.ts'
import { decodeBody } from '../../change/index.ts'
import { boxBytes } from '../../crypto/seal/index.ts'
import { epochItemsMax, sealedSecretBytesMax } from '../../limits/index.ts'
import type { Hashing } from '../../ports/index.ts'
import { levelNumbers, type Level } from '../rank.ts'
import {
  checkAscending,
  toBytes,
  toBytesOrEmpty,
  toBytesUpTo,
  toLevel,
  toList,
  toSealingKey,
  toTuple,
} from './fields.ts'
import { type PolicyKeys, policyToArray, toPolicy } from './policy.ts'

/** A generation of a space's secrets (rule 13). The record's hash is the epoch's name. */
export type EpochBody = {
  readonly salt: Uint8Array
  readonly policy: PolicyKeys
  /** A commitment to each secret; `admin` undefined where a writer started the epoch. */
  readonly commitments: {
    readonly admin: Uint8Array | undefined
    readonly write: Uint8Array
    readonly read: Uint8Array
  }
  /** `recipientsToHash` of the list that the record's causal past gives. */
  readonly recipientsHash: Uint8Array
  /** SHA-256 of the boxes, which travel beside the record; undefined where nobody but invites receives. */
  readonly boxesHash: Uint8Array | undefined
  /** Write seeds of the open invites' logs, each sealed under the write secret. By invite grant, ascending. */
  readonly inviteSeeds: readonly { readonly grant: Uint8Array; readonly sealed: Uint8Array }[]
  /** Ways back: keys of the epochs superseded, sealed under this one's read secret. By record, ascending. */
  readonly links: readonly { readonly epoch: Uint8Array; readonly sealed: Uint8Array }[]
  /** The read secret itself, where the space is public (rule 22); undefined otherwise. */
  readonly publicSecret: Uint8Array | undefined
}

/** Gives an epoch's secret to members whom it missed, a joiner to itself (rule 14). */
export type ShareBody = {
  readonly salt: Uint8Array
  readonly epoch: Uint8Array
  /** X25519 public key that all boxes of this share are sealed with. */
  readonly ephemeral: Uint8Array
  /** By person, ascending. */
  readonly boxes: readonly ShareBox[]
}

export type ShareBox = { readonly person: Uint8Array; readonly level: Level; readonly box: Uint8Array }

/** A member cannot open its box, or found a key that does not match its commitment (rule 15). */
export type BrokenBody = { readonly salt: Uint8Array; readonly epoch: Uint8Array }

/**
 * Somebody whom an epoch is sealed to: a person or the recovery key by its sealing key, an open invite (which gets it
 * through its log) without one.
 */
export type Recipient = {
  /** The person, or the invite's grant; in a person's own space the device's Ed25519 key, or its recovery signing key. */
  readonly id: Uint8Array
  readonly level: Level
  readonly sealing: Uint8Array | undefined
}

/** CBOR [salt, policy, [admin, write, read], recipients' hash, boxes' hash, [[grant, sealed]…], [[epoch, sealed]…], public secret]. */
export function encodeEpoch(body: EpochBody): Uint8Array {
  const { commitments } = body
  return encodeCbor([
    body.salt,
    policyToArray(body.policy),
    [commitments.admin ?? new Uint8Array(0), commitments.write, commitments.read],
    body.recipientsHash,
    body.boxesHash ?? new Uint8Array(0),
    body.inviteSeeds.map(({ grant, sealed }) => [grant, sealed]),
    body.links.map(({ epoch, sealed }) => [epoch, sealed]),
    body.publicSecret ?? new Uint8Array(0),
  ])
}

export function decodeEpoch(bytes: Uint8Array): EpochBody {
  const [salt, policy, commitments, recipientsHash, boxesHash, seeds, links, publicSecret] = decodeBody(bytes, 7)
  const [admin, write, read] = toTuple(commitments, 3, 'commitments')
  const inviteSeeds = toSealedList(seeds, 'invite seeds').map(([grant, sealed]) => ({ grant, sealed }))
  return {
    salt,
    policy: toPolicy(policy),
    commitments: {
      admin: toBytesOrEmpty(admin, 32, 'commitment'),
      write: toBytes(write, 32, 'commitment'),
      read: toBytes(read, 32, 'commitment'),
    },
    recipientsHash: toBytes(recipientsHash, 32, 'recipients'),
    boxesHash: toBytesOrEmpty(boxesHash, 32, 'boxes'),
    inviteSeeds,
    links: toSealedList(links, 'links').map(([epoch, sealed]) => ({ epoch, sealed })),
    publicSecret: toBytesOrEmpty(publicSecret, 32, 'public secret'),
  }
}

/** SHA-256 over labelled('kith/1 recipients', CBOR [[id, level, sealing key]…]), by id. */
export function recipientsToHash(crypto: Hashing, recipients: readonly Recipient[]): Uint8Array {
  const list = recipients.map(({ id, level, sealing }) => [id, levelNumbers[level], sealing ?? new Uint8Array(0)])
  return crypto.sha256(labelled('kith/1 recipients', encodeCbor(list)))
}

/** CBOR [salt, epoch, ephemeral key, [[person, level, box]…]]. */
export function encodeShare(body: ShareBody): Uint8Array {
  const boxes = body.boxes.map(({ person, level, box }) => [person, levelNumbers[level], box])
  return encodeCbor([body.salt, body.epoch, body.ephemeral, boxes])
}

export function decodeShare(bytes: Uint8Array): ShareBody {
  const [salt, epoch, ephemeral, list] = decodeBody(bytes, 3)
  const boxes = toList(list, epochItemsMax, 'boxes').map((value): ShareBox => {
    const [person, level, box] = toTuple(value, 3, 'box')
    return { person: toBytes(person, 32, 'person'), level: toLevel(level, 'level'), box: toBytes(box, boxBytes, 'box') }
  })
  checkAscending(
    boxes.map((box) => box.person),
    'boxes',
  )
  return { salt, epoch: toBytes(epoch, 32, 'epoch'), ephemeral: toSealingKey(ephemeral, 'ephemeral key'), boxes }
}

/** CBOR [salt, epoch]. */
export function encodeBroken(body: BrokenBody): Uint8Array {
  return encodeCbor([body.salt, body.epoch])
}

export function decodeBroken(bytes: Uint8Array): BrokenBody {
  const [salt, epoch] = decodeBody(bytes, 1)
  return { salt, epoch: toBytes(epoch, 32, 'epoch') }
}

function toSealedList(value: unknown, name: string): [Uint8Array, Uint8Array][] {
  const list = toList(value, epochItemsMax, name).map((item): [Uint8Array, Uint8Array] => {
    const [key, sealed] = toTuple(item, 2, name)
    return [toBytes(key, 32, name), toBytesUpTo(sealed, sealedSecretBytesMax, name)]
  })
  checkAscending(
    list.map(([key]) => key),
    name,
  )
  return list
}
