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

/** A log and the rights that we can prove to it: what proves them is signed by the seed alone. */
export type LogKeys = {
  readonly policy: Policy
  readonly read: LogKey | undefined
  readonly write: LogKey | undefined
  readonly admin: LogKey | undefined
}
export type LogKey = Pick<SigningKey, 'seed'>

/** The keys of an epoch's main log, from fresh secrets: what its record publishes. */
export function secretsToPolicy(crypto: Crypto, secrets: EpochSecrets & { write: Uint8Array }): PolicyKeys {
  return {
    write: publicKeyOf(crypto, logKey(crypto, secrets.write, 'write')),
    read: publicKeyOf(crypto, logKey(crypto, secrets.read, 'read')),
    admin: secrets.admin && publicKeyOf(crypto, logKey(crypto, secrets.admin, 'admin')),
  }
}

/**
 * All keys that follow from the secrets; `policy` is the record's, for its upper keys do not follow from lower secrets. Each is derived when it is
 * first asked for: a person may have hundreds of spaces, and of most needs at a start what opens their logs alone.
 */
export function secretsToKeys(crypto: Crypto, secrets: EpochSecrets, policy: PolicyKeys): EpochKeys {
  const admin = once(() => secrets.admin && logKey(crypto, secrets.admin, 'admin'))
  const read = once(() => logKey(crypto, secrets.read, 'read'))
  const write = once(() => secrets.write && logKey(crypto, secrets.write, 'write'))
  const base = once(() => readSecretToBaseKeys(crypto, secrets.read))
  const door = once((): LogKeys => {
    const doorRead = seedToSigningKey(crypto, deriveKey(crypto, secrets.read, 32, 'kith/1 door read'))
    const doorWrite = seedToSigningKey(crypto, deriveKey(crypto, secrets.read, 32, 'kith/1 door write'))
    return {
      policy: keysToPolicy({ write: doorWrite.publicKey, read: doorRead.publicKey, admin: policy.admin }),
      read: doorRead,
      write: doorWrite,
      admin: admin(),
    }
  })
  const logPolicy = keysToPolicy(policy)
  return {
    get content() {
      return base().content
    },
    get membership() {
      return base().membership
    },
    log: {
      policy: logPolicy,
      get read() {
        return read()
      },
      get write() {
        return write()
      },
      get admin() {
        return admin()
      },
    },
    get door() {
      return door()
    },
  }
}

function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => (made ??= { value: make() }).value
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
  if (keys.log.read === undefined || !equalBytes(publicKeyOf(crypto, keys.log.read), read)) throw badInvite()
  return keys
}

function badInvite(): KithError {
  return new KithError('cannot-open', 'What the invite holds does not belong together. Ask for a fresh link.')
}

/** The policy as the hub sees it: every log of a space is of the kind 'space', so that they look alike. */
export function keysToPolicy({ write, read, admin }: PolicyKeys): Policy {
  return { write, read, admin: admin ?? 'none', kind: 'space' }
}

function logKey(crypto: Crypto, secret: Uint8Array, right: 'read' | 'write' | 'admin'): LogKey {
  return { seed: deriveKey(crypto, secret, 32, `kith/1 log ${right}`) }
}

export function publicKeyOf(crypto: Crypto, { seed }: LogKey): Uint8Array {
  return crypto.ed25519PublicKey(seed)
}
