import { type CborValue, decodeCbor, encodeCbor, equalBytes, KithError } from '../bytes/index.ts'
import type { Segment } from '../change/index.ts'
import { seedToSigningKey } from '../crypto/sign/index.ts'
import type { Statements } from '../database/index.ts'
import {
  entropyToRecoveryLog,
  type NewPerson,
  type PersonSecrets,
  type RecoveryLog,
  type TagSecret,
} from '../keys/index.ts'
import type { Level } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { epochSecretToBytes, keepSecret, loadSecrets } from './secrets.ts'

/** The app of a person's own home: whatever device serves it serves all apps of the person, those to come too. */
export const homeApp = 'org.kith.home'

/** What a device needs to be one of a person: of a new person, one that admitted it, one that came back by its phrase. */
export type Identity = {
  readonly secrets: PersonSecrets
  /** The person's changes, as they were signed. */
  readonly segments: readonly Segment[]
  /** Boxes of personal epochs. */
  readonly boxes: readonly Uint8Array[]
  /** Epochs of the person's own log. */
  readonly epochs: readonly { readonly hash: Uint8Array; readonly level: Level; readonly secret: Uint8Array }[]
  readonly recovery: RecoveryLog
  /** What this device knows of its tags. */
  readonly apps: readonly { readonly tag: Uint8Array; readonly app: string }[]
  /** Undefined where the phrase was never here, or is not kept: its owner has it. */
  readonly phrase: Uint8Array | undefined
}

export const personToIdentity = (crypto: Crypto, person: NewPerson): Identity => {
  const { epoch, recoveryEntropy } = person.secrets
  const { admin } = epoch.secrets
  const { writeSeed, readKey } = entropyToRecoveryLog(crypto, recoveryEntropy)
  return {
    secrets: person.secrets,
    segments: [person.segment],
    boxes: person.boxes ? [person.boxes] : [],
    epochs: admin ? [{ hash: epoch.hash, level: 'admin', secret: admin }] : [],
    recovery: { writeSeed, readKey },
    apps: person.secrets.tagKeys.map(({ tag }) => ({ tag, app: homeApp })),
    phrase: recoveryEntropy,
  }
}

/** The person whose database this is, by the secrets in `meta` and those of its own space; undefined in a new one. */
export const loadIdentity = (crypto: Crypto, statements: Statements): PersonSecrets | undefined => {
  const value = statements("SELECT value FROM meta WHERE name = 'identity'").get()?.value
  if (!(value instanceof Uint8Array)) return undefined
  const secrets = bytesToSecrets(crypto, statements.vault.unlock(value))
  const n = statements('SELECT n FROM space WHERE id = ?').get(secrets.person)?.n
  return { ...secrets, tagKeys: typeof n === 'number' ? loadTagKeys(crypto, statements, n) : [] }
}

/** Keeps the secrets of a person who is new here; `n`: its own space. The caller stores the segments, in the same transaction. */
export const keepIdentity = (statements: Statements, n: number, identity: Identity): void => {
  const { secrets, epochs, recovery, phrase } = identity
  statements("INSERT INTO meta (name, value) VALUES ('identity', ?)").run(
    statements.vault.lock(secretsToBytes(secrets)),
  )
  for (const key of secrets.tagKeys) keepTagKey(statements, n, key)
  for (const { tag, app } of identity.apps) keepTagApp(statements, n, tag, app)
  for (const { hash, level, secret } of epochs)
    keepSecret(statements, n, 'epoch', hash, epochSecretToBytes(level, secret))
  keepSecret(statements, n, 'recovery', noId, encodeCbor([recovery.writeSeed, recovery.readKey]))
  if (phrase) keepSecret(statements, n, 'phrase', noId, phrase)
}

export const keepTagKey = (statements: Statements, n: number, { tag, sealing }: TagSecret): void =>
  keepSecret(statements, n, 'tag', sealing.publicKey, encodeCbor([tag, sealing.secretKey]))

export const loadTagKeys = (crypto: Crypto, statements: Statements, n: number): TagSecret[] =>
  loadSecrets(statements, n, 'tag').map(({ value }) => {
    const [tag, secretKey] = decodeCbor(value) as unknown as [Uint8Array, Uint8Array]
    return { tag, sealing: { publicKey: crypto.x25519PublicKey(secretKey), secretKey } }
  })

/** What this device needs to keep the recovery log fresh. */
export const loadRecoveryLog = (statements: Statements, n: number): RecoveryLog | undefined => {
  const [kept] = loadSecrets(statements, n, 'recovery')
  if (!kept) return undefined
  const [writeSeed, readKey] = decodeCbor(kept.value) as unknown as [Uint8Array, Uint8Array]
  return { writeSeed, readKey }
}

/** The entropy of the phrase, until its owner has confirmed that it is written down. */
export const loadPhrase = (statements: Statements, n: number): Uint8Array | undefined =>
  loadSecrets(statements, n, 'phrase')[0]?.value

/** Which app a tag of ours is for: nothing that leaves the device names it. */
export const keepTagApp = (statements: Statements, n: number, tag: Uint8Array, app: string): void =>
  keepSecret(statements, n, 'app of tag', tag, encodeCbor(app))

export const loadTagApps = (statements: Statements, n: number): { tag: Uint8Array; app: string }[] =>
  loadSecrets(statements, n, 'app of tag').map(({ id, value }) => ({
    tag: id,
    app: decodeCbor(value) as unknown as string,
  }))

export const isTag =
  (tag: Uint8Array) =>
  (other: { readonly tag: Uint8Array }): boolean =>
    equalBytes(other.tag, tag)

const noId = new Uint8Array(0)

/** The secrets of the device as they lie in `meta`: CBOR, format 1. */
const secretsToBytes = (secrets: PersonSecrets): Uint8Array =>
  encodeCbor([
    1,
    secrets.person,
    secrets.admission,
    secrets.address,
    secrets.device.signing.seed,
    secrets.device.sealing.secretKey,
    secrets.addressKey.seed,
  ])

const bytesToSecrets = (crypto: Crypto, bytes: Uint8Array): Omit<PersonSecrets, 'tagKeys'> => {
  const fields = decodeCbor(bytes) as unknown as CborValue[] & Uint8Array[]
  if (!Array.isArray(fields) || (fields[0] as unknown) !== 1) {
    throw new KithError('storage-damaged', 'The keys in this database cannot be read. Restore a copy of it.')
  }
  const [, person, admission, address, deviceSeed, deviceSecret, addressSeed] = fields
  const secretKey = deviceSecret as Uint8Array
  return {
    person: person as Uint8Array,
    admission: admission as Uint8Array,
    address: address as Uint8Array,
    device: {
      signing: seedToSigningKey(crypto, deviceSeed as Uint8Array),
      sealing: { publicKey: crypto.x25519PublicKey(secretKey), secretKey },
    },
    addressKey: seedToSigningKey(crypto, addressSeed as Uint8Array),
  }
}
