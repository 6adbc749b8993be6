import { equalBytes } from '../bytes/index.ts'
import { type Change, kinds, type Segment, type Time } from '../change/index.ts'
import { openBox, sealBoxes } from '../crypto/seal/index.ts'
import { createSigningKey, type SigningKey } from '../crypto/sign/index.ts'
import {
  createAddress,
  createMembership,
  encodeEpoch,
  encodeGenesis,
  encodeKeys,
  type KeysBody,
} from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { type ChainEnd, chainStart, createChainWriter } from './chain.ts'
import { createEpoch } from './epoch.ts'
import { entropyToRecovery } from './recovery.ts'
import type { EpochSecrets } from './secrets.ts'

/** An X25519 pair. */
export type SealingKey = { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }

/** What a device keeps of its person; all of it secret but the ids. */
export type PersonSecrets = {
  /** The person's id, the hash of its genesis; also this device's admission. */
  readonly person: Uint8Array
  readonly admission: Uint8Array
  readonly address: Uint8Array
  readonly device: { readonly signing: SigningKey; readonly sealing: SealingKey }
  readonly addressKey: SigningKey
  /** Keys under the tags that this device serves (rule 11), those of the past too: older boxes are sealed to them. */
  readonly tagKeys: readonly TagSecret[]
}

/** A key of one app, under the app's random tag. */
export type TagSecret = { readonly tag: Uint8Array; readonly sealing: SealingKey }

export type NewPersonSecrets = PersonSecrets & {
  /** 16 bytes: the recovery phrase. Erased once its owner has written it down (rule 12). */
  readonly recoveryEntropy: Uint8Array
  readonly epoch: { readonly hash: Uint8Array; readonly secrets: EpochSecrets }
}

export type NewPerson = {
  readonly secrets: NewPersonSecrets
  /** Genesis, keys, epoch: one segment, carried into every space that the person is in. */
  readonly segment: Segment
  readonly changes: readonly Change[]
  /** The boxes of the personal epoch. */
  readonly boxes: Uint8Array | undefined
  /** The person's membership heads. */
  readonly heads: readonly Uint8Array[]
  readonly end: ChainEnd
}

/** A person with one device, one tag and a recovery phrase. Needs no network. */
export function createPerson(crypto: Crypto, options: { readonly last: Time; readonly nowMs: number }): NewPerson {
  const signing = createSigningKey(crypto)
  const sealing = createSealingKey(crypto)
  const addressKey = createSigningKey(crypto)
  const recoveryEntropy = crypto.randomBytes(16)
  const recovery = entropyToRecovery(crypto, recoveryEntropy)
  const tag = crypto.randomBytes(16)
  const tagKey = createSealingKey(crypto)

  const writer = createChainWriter(crypto, signing, chainStart(options.last), options.nowMs)
  const recoveryKeys = { signing: recovery.signing.publicKey, sealing: recovery.sealing.publicKey }
  const genesis = writer.write(
    kinds.genesis,
    encodeGenesis({
      type: 'person',
      salt: crypto.randomBytes(16),
      addressKey: addressKey.publicKey,
      recovery: recoveryKeys,
      deviceSealing: sealing.publicKey,
      tags: [tag],
    }),
  )
  const person = genesis.hash
  writer.enter({ space: person, grant: person, admission: person })
  const device = { id: signing.publicKey, sealing: sealing.publicKey }
  const keys = createKeys(crypto, person, [{ tag, key: tagKey, devices: [device] }], recoveryKeys.sealing)
  writer.write(kinds.keys, encodeKeys(keys))

  const membership = createMembership({ crypto, space: person })
  membership.add(writer.changes())
  const epoch = createEpoch(crypto, person, 'admin', membership.recipients('admin'))
  const record = writer.write(kinds.epoch, encodeEpoch(epoch.body))
  return {
    secrets: {
      person,
      admission: person,
      address: createAddress(addressKey.publicKey, person),
      device: { signing, sealing },
      addressKey,
      recoveryEntropy,
      tagKeys: [{ tag, sealing: tagKey }],
      epoch: { hash: record.hash, secrets: epoch.secrets },
    },
    segment: writer.sign(),
    changes: writer.changes(),
    boxes: epoch.boxes,
    heads: [record.hash],
    end: writer.end(),
  }
}

export function createSealingKey(crypto: Crypto): SealingKey {
  const secretKey = crypto.randomBytes(32)
  return { publicKey: crypto.x25519PublicKey(secretKey), secretKey }
}

export type NewTagKey = {
  readonly tag: Uint8Array
  readonly key: SealingKey
  /** The devices of the tag, by Ed25519 key ascending. */
  readonly devices: readonly { readonly id: Uint8Array; readonly sealing: Uint8Array }[]
}

/** A `keys` change; `tagKeys` by tag ascending. The secret of a tag may be the one that it has: then only more devices get it. */
export function createKeys(
  crypto: Crypto,
  person: Uint8Array,
  tagKeys: readonly NewTagKey[],
  recovery: Uint8Array,
  salt?: Uint8Array,
): KeysBody {
  const sealable = tagKeys.flatMap(({ key, devices }) => {
    return [...devices.map(({ sealing }) => sealing), recovery].map((publicKey) => ({
      publicKey,
      secret: key.secretKey,
    }))
  })
  const { ephemeral, boxes } = sealBoxes(crypto, person, sealable)
  let at = 0
  const keys = tagKeys.map(({ tag, key, devices }) => ({
    tag,
    sealing: key.publicKey,
    boxes: devices.map(({ id }) => ({ device: id, box: boxes[at++] as Uint8Array })),
    recoveryBox: boxes[at++] as Uint8Array,
  }))
  return { salt: salt ?? crypto.randomBytes(16), ephemeral, keys }
}

/** The secret key of `tag` out of a `keys` change, for `device` or (undefined) for the recovery key. Throws 'cannot-open'. */
export function openKeys(
  crypto: Crypto,
  person: Uint8Array,
  body: KeysBody,
  tag: Uint8Array,
  device: Uint8Array | undefined,
  secretKey: Uint8Array,
): Uint8Array | undefined {
  let index = 0
  for (const key of body.keys) {
    const isTag = equalBytes(key.tag, tag)
    const at = device === undefined ? key.boxes.length : key.boxes.findIndex((item) => equalBytes(item.device, device))
    const box = device === undefined ? key.recoveryBox : key.boxes[at]?.box
    if (isTag && box !== undefined) {
      return openBox(crypto, person, { ephemeral: body.ephemeral, box, index: index + at }, secretKey)
    }
    index += key.boxes.length + 1
  }
  return undefined
}
