import { equalBytes, KithError } from '../bytes/index.ts'
import { deriveKey } from '../crypto/seal/index.ts'
import { labelledHash } from '../crypto/verify/index.ts'
import type { EpochBody, Level } from '../membership/index.ts'
import type { Crypto, Hashing } from '../ports/index.ts'

/** An epoch's secrets, 32 bytes each, as far as this member has them: each comes from the one above (rule 13). */
export type EpochSecrets = {
  readonly admin: Uint8Array | undefined
  readonly write: Uint8Array | undefined
  readonly read: Uint8Array
}

/** Fresh secrets. A writer starts an epoch at `write`, for it may not know an admin secret. */
export function createEpochSecrets(crypto: Crypto, highest: 'admin' | 'write'): EpochSecrets {
  return secretToSecrets(crypto, highest, crypto.randomBytes(32))
}

/** All that follows from the secret of one level. */
export function secretToSecrets(crypto: Crypto, level: Level, secret: Uint8Array): EpochSecrets {
  const admin = level === 'admin' ? secret : undefined
  const write = admin === undefined ? (level === 'write' ? secret : undefined) : downwards(crypto, 'write', admin)
  const read = write === undefined ? secret : downwards(crypto, 'read', write)
  return { admin, write, read }
}

export function secretsToLevel(secrets: EpochSecrets): Level {
  return secrets.admin !== undefined ? 'admin' : secrets.write !== undefined ? 'write' : 'read'
}

/** The secret of a level; undefined where we do not have it. */
export function secretOfLevel(secrets: EpochSecrets, level: Level): Uint8Array | undefined {
  return secrets[level]
}

export function secretsToCommitments(crypto: Hashing, secrets: EpochSecrets): Partial<EpochBody['commitments']> {
  return {
    admin: secrets.admin && commit(crypto, 'admin', secrets.admin),
    ...(secrets.write && { write: commit(crypto, 'write', secrets.write) }),
    read: commit(crypto, 'read', secrets.read),
  }
}

/**
 * The secrets that follow from what somebody handed us; throws 'cannot-open' where they are not those that the epoch's
 * record commits to: whoever sees that says so by a `broken` change (rule 15).
 */
export function checkSecret(
  crypto: Crypto,
  commitments: EpochBody['commitments'],
  level: Level,
  secret: Uint8Array,
): EpochSecrets {
  const secrets = secretToSecrets(crypto, level, secret)
  for (const at of ['admin', 'write', 'read'] as const) {
    const part = secrets[at]
    const commitment = commitments[at]
    if (part === undefined) continue
    if (commitment === undefined || !equalBytes(commit(crypto, at, part), commitment)) {
      throw new KithError('cannot-open', 'The keys of the space do not match what its record says. Ask an admin.')
    }
  }
  return secrets
}

/** A small secret under another one: for one `context` under one label ever, so that the nonce may be derived. */
export function sealUnder(
  crypto: Crypto,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  const derived = deriveKey(crypto, secret, 32 + 24, label, context)
  return crypto.aeadSeal(derived.subarray(0, 32), derived.subarray(32), plain, context)
}

/** Throws 'cannot-open'. */
export function openUnder(
  crypto: Crypto,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  sealed: Uint8Array,
): Uint8Array {
  const derived = deriveKey(crypto, secret, 32 + 24, label, context)
  const plain =
    sealed.length < 16 ? undefined : crypto.aeadOpen(derived.subarray(0, 32), derived.subarray(32), sealed, context)
  if (plain === undefined) throw new KithError('cannot-open', 'A sealed secret is not for this key.')
  return plain
}

function downwards(crypto: Crypto, level: 'write' | 'read', above: Uint8Array): Uint8Array {
  return deriveKey(crypto, above, 32, level === 'write' ? 'kith/1 write secret' : 'kith/1 read secret')
}

function commit(crypto: Hashing, level: Level, secret: Uint8Array): Uint8Array {
  return labelledHash(crypto, `kith/1 commit ${level}`, secret)
}
