import { equalBytes, KithError } from '../bytes/index.ts'
import { deriveKey } from '../crypto/seal/index.ts'
import { type SigningKey, seedToSigningKey } from '../crypto/sign/index.ts'
import type { Level, PolicyKeys } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import type { Policy } from '../wire/index.ts'
import { type EpochSecrets, secretToSecrets } from './secrets.ts'

/** What a member of its level can do with an epoch. */
export type EpochKeys = {
  /** Base key of the entries that hold content. */
  readonly content: Uint8Array
  /** Base key of the entries that hold membership changes and boxes. */
  readonly membership: Uint8Array
  readonly log: LogKeys
  /** The small log for membership changes of readers (rule 19): whoever reads may write there. */
  readonly door: LogKeys
}

/** A log and the rights that we can prove to it. */
export type LogKeys = {
  readonly policy: Policy
  readonly read: SigningKey | undefined
  readonly write: SigningKey | undefined
  readonly admin: SigningKey | undefined
}

/** The keys of an epoch's main log, from fresh secrets: what its record publishes. */
export function secretsToPolicy(crypto: Crypto, secrets: EpochSecrets & { write: Uint8Array }): PolicyKeys {
  return {
    write: logKey(crypto, secrets.write, 'write').publicKey,
    read: logKey(crypto, secrets.read, 'read').publicKey,
    admin: secrets.admin && logKey(crypto, secrets.admin, 'admin').publicKey,
  }
}

/** All keys that follow from the secrets; `policy` is the record's, for its upper keys do not follow from lower secrets. */
export function secretsToKeys(crypto: Crypto, secrets: EpochSecrets, policy: PolicyKeys): EpochKeys {
  const admin = secrets.admin && logKey(crypto, secrets.admin, 'admin')
  const doorRead = seedToSigningKey(crypto, deriveKey(crypto, secrets.read, 32, 'kith/1 door read'))
  const doorWrite = seedToSigningKey(crypto, deriveKey(crypto, secrets.read, 32, 'kith/1 door write'))
  return {
    ...readSecretToBaseKeys(crypto, secrets.read),
    log: {
      policy: keysToPolicy(policy),
      read: logKey(crypto, secrets.read, 'read'),
      write: secrets.write && logKey(crypto, secrets.write, 'write'),
      admin,
    },
    door: {
      policy: keysToPolicy({ write: doorWrite.publicKey, read: doorRead.publicKey, admin: policy.admin }),
      read: doorRead,
      write: doorWrite,
      admin,
    },
  }
}

/** What entries are sealed under. */
export function readSecretToBaseKeys(crypto: Crypto, read: Uint8Array): Pick<EpochKeys, 'content' | 'membership'> {
  return {
    content: deriveKey(crypto, read, 32, 'kith/1 content key'),
    membership: deriveKey(crypto, read, 32, 'kith/1 membership key'),
  }
}

/** The keys of a secret that an invite gave; throws 'cannot-open' where they do not belong to the policy that came with it. */
export function secretToKeys(crypto: Crypto, level: Level, secret: Uint8Array, policy: Policy): EpochKeys {
  const { write, read, admin } = policy
  if (!(write instanceof Uint8Array) || !(read instanceof Uint8Array) || admin === 'open') throw badInvite()
  const keys = secretsToKeys(crypto, secretToSecrets(crypto, level, secret), {
    write,
    read,
    admin: admin === 'none' ? undefined : admin,
  })
  if (keys.log.read === undefined || !equalBytes(keys.log.read.publicKey, read)) throw badInvite()
  return keys
}

function badInvite(): KithError {
  return new KithError('cannot-open', 'What the invite holds does not belong together. Ask for a fresh link.')
}

/** The policy as the hub sees it: every log of a space is of the kind 'space', so that they look alike. */
export function keysToPolicy({ write, read, admin }: PolicyKeys): Policy {
  return { write, read, admin: admin ?? 'none', kind: 'space' }
}

function logKey(crypto: Crypto, secret: Uint8Array, right: 'read' | 'write' | 'admin'): SigningKey {
  return seedToSigningKey(crypto, deriveKey(crypto, secret, 32, `kith/1 log ${right}`))
}
