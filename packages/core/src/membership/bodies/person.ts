import { encodeCbor } from '../../bytes/index.ts'
import { decodeBody } from '../../change/index.ts'
import { boxBytes } from '../../crypto/seal/index.ts'
import { labelledHash } from '../../crypto/verify/index.ts'
import { personDevicesMax, personTagsMax } from '../../limits/index.ts'
import type { Hashing } from '../../ports/index.ts'
import { checkAscending, toBytes, toList, toSealingKey, toSigningKey, toTuple } from './fields.ts'

/** A person admits a further device (rule 9), in the person's own space. */
export type AdmissionBody = {
  readonly salt: Uint8Array
  /** Ed25519 and X25519 public keys of the new device. */
  readonly device: Uint8Array
  readonly deviceSealing: Uint8Array
  /** The tags that it serves; ascending. */
  readonly tags: readonly Uint8Array[]
}

/** New sealing keys of a person, one a tag (rule 11); the private key sealed to each device of the tag and to recovery. */
export type KeysBody = {
  readonly salt: Uint8Array
  /** X25519 public key that all boxes of this change are sealed with. */
  readonly ephemeral: Uint8Array
  /** By tag, ascending. */
  readonly keys: readonly TagKey[]
}

export type TagKey = {
  readonly tag: Uint8Array
  readonly sealing: Uint8Array
  /** By device, ascending. */
  readonly boxes: readonly { readonly device: Uint8Array; readonly box: Uint8Array }[]
  readonly recoveryBox: Uint8Array
}

/** CBOR [salt, device, device's X25519 key, [tags]]. */
export function encodeAdmission(body: AdmissionBody): Uint8Array {
  return encodeCbor([body.salt, body.device, body.deviceSealing, body.tags])
}

export function decodeAdmission(bytes: Uint8Array): AdmissionBody {
  const [salt, device, deviceSealing, list] = decodeBody(bytes, 3)
  const tags = toList(list, personTagsMax, 'tags').map((tag) => toBytes(tag, 16, 'tag'))
  checkAscending(tags, 'tags')
  return {
    salt,
    device: toSigningKey(device, 'device'),
    deviceSealing: toSealingKey(deviceSealing, 'device key'),
    tags,
  }
}

/** CBOR [salt, ephemeral key, [[tag, public key, [[device, box]…], recovery's box]…]]. */
export function encodeKeys(body: KeysBody): Uint8Array {
  const keys = body.keys.map(({ tag, sealing, boxes, recoveryBox }) => [
    tag,
    sealing,
    boxes.map(({ device, box }) => [device, box]),
    recoveryBox,
  ])
  return encodeCbor([body.salt, body.ephemeral, keys])
}

export function decodeKeys(bytes: Uint8Array): KeysBody {
  const [salt, ephemeral, list] = decodeBody(bytes, 2)
  const keys = toList(list, personTagsMax, 'keys').map(toTagKey)
  checkAscending(
    keys.map((key) => key.tag),
    'keys',
  )
  return { salt, ephemeral: toSealingKey(ephemeral, 'ephemeral key'), keys }
}

function toTagKey(value: unknown): TagKey {
  const [tag, sealing, list, recoveryBox] = toTuple(value, 4, 'key')
  const boxes = toList(list, personDevicesMax, 'boxes').map((item) => {
    const [device, box] = toTuple(item, 2, 'box')
    return { device: toBytes(device, 32, 'device'), box: toBytes(box, boxBytes, 'box') }
  })
  checkAscending(
    boxes.map((box) => box.device),
    'boxes',
  )
  return {
    tag: toBytes(tag, 16, 'tag'),
    sealing: toSealingKey(sealing, 'key'),
    boxes,
    recoveryBox: toBytes(recoveryBox, boxBytes, 'box'),
  }
}

/**
 * The tag that a device brings in by a `keys` change with this salt: of its own making, so that no other device can bring the same one in
 * and be taken for one that serves it.
 */
export function toTag(crypto: Hashing, device: Uint8Array, salt: Uint8Array): Uint8Array {
  return labelledHash(crypto, 'kith/1 tag', device, salt).subarray(0, 16)
}
