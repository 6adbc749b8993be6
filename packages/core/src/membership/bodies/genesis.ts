import { encodeCbor } from '../../bytes/index.ts'
import { decodeBody } from '../../change/index.ts'
import { appIdBytesMax, personTagsMax } from '../../limits/index.ts'
import { badField, checkAscending, toBytes, toList, toSealingKey, toSigningKey, toText, toTuple } from './fields.ts'

/** Public keys of a recovery phrase: it signs as the highest rank, and every personal epoch is sealed to it. */
export type RecoveryKeys = { readonly signing: Uint8Array; readonly sealing: Uint8Array }

/** A person begins. It is also the admission of the first device, the header's `device`. */
export type PersonGenesis = {
  readonly type: 'person'
  readonly salt: Uint8Array
  /** Ed25519 public key, used only to blind location records. */
  readonly addressKey: Uint8Array
  readonly recovery: RecoveryKeys
  /** X25519 public key of the first device. */
  readonly deviceSealing: Uint8Array
  /** The tags (one an app, rule 11) that the first device serves; ascending. */
  readonly tags: readonly Uint8Array[]
}

/** A shared space begins. It is also its creator's owner grant. */
export type SpaceGenesis = {
  readonly type: 'space'
  readonly salt: Uint8Array
  readonly app: string
  /** The creator: the hash of the person's genesis. */
  readonly person: Uint8Array
  /** Which of the creator's keys the space's secrets are sealed to. */
  readonly tag: Uint8Array
  /** Undefined where the creator chose to have none. */
  readonly recovery: RecoveryKeys | undefined
}

export type GenesisBody = PersonGenesis | SpaceGenesis

/** CBOR [salt, 0, address key, [signing, sealing], device's X25519 key, [tags]] or [salt, 1, app, person, tag, recovery | null]. */
export function encodeGenesis(body: GenesisBody): Uint8Array {
  const recovery = body.recovery === undefined ? null : [body.recovery.signing, body.recovery.sealing]
  return body.type === 'person'
    ? encodeCbor([body.salt, 0, body.addressKey, recovery, body.deviceSealing, body.tags])
    : encodeCbor([body.salt, 1, body.app, body.person, body.tag, recovery])
}

export function decodeGenesis(bytes: Uint8Array): GenesisBody {
  const [salt, type, ...fields] = decodeBody(bytes, 5)
  if (type === 0) {
    const recovery = toRecovery(fields[1])
    if (recovery === undefined) throw badField('recovery keys')
    const tags = toList(fields[3], personTagsMax, 'tags').map((tag) => toBytes(tag, 16, 'tag'))
    checkAscending(tags, 'tags')
    return {
      type: 'person',
      salt,
      addressKey: toSigningKey(fields[0], 'address key'),
      recovery,
      deviceSealing: toSealingKey(fields[2], 'device key'),
      tags,
    }
  }
  if (type !== 1) throw badField('type of genesis')
  return {
    type: 'space',
    salt,
    app: toText(fields[0], appIdBytesMax, 'app'),
    person: toBytes(fields[1], 32, 'person'),
    tag: toBytes(fields[2], 16, 'tag'),
    recovery: toRecovery(fields[3]),
  }
}

function toRecovery(value: unknown): RecoveryKeys | undefined {
  if (value === null) return undefined
  const [signing, sealing] = toTuple(value, 2, 'recovery keys')
  return { signing: toSigningKey(signing, 'recovery key'), sealing: toSealingKey(sealing, 'recovery key') }
}
