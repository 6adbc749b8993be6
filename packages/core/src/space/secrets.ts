import { concatBytes, decodeCbor, encodeCbor } from '../bytes/index.ts'
import type { Statements } from '../database/index.ts'
import type { SpaceAccess } from '../keys/index.ts'
import type { Level } from '../membership/index.ts'
import { bytesToPolicy, policyToBytes } from '../wire/index.ts'

/**
 * What this device keeps secret of a space: `epoch` (level and secret) by the hash of the record; `boxes` of epochs by their own hash;
 * `invite`s of ours, by the id of their log; `notice`s of epochs whose records have not come. Of its own person: keys of `tag`s by public key, the `app of` a `tag`, the `phrase` until
 * it is written down, and what writes to the `recovery` log. `standing`: what lies on small logs at all hubs (`standing.ts`); `synced`: what our devices last had in common.
 * Of hubs that want invites, by their keys: `hub member`, this device's seed there; `hub token`, with its nonce; `hub tokens asked`, blinded and not yet answered.
 */
export type SecretName =
  | 'epoch'
  | 'boxes'
  | 'invite'
  | 'notice'
  | 'tag'
  | 'app of tag'
  | 'phrase'
  | 'recovery'
  | 'standing'
  | 'synced'
  | 'hub member'
  | 'hub token'
  | 'hub tokens asked'

export const keepSecret = (
  statements: Statements,
  space: number,
  name: SecretName,
  id: Uint8Array,
  value: Uint8Array,
): void =>
  statements('INSERT OR REPLACE INTO secret (space, name, id, value) VALUES (?, ?, ?, ?)').run(
    space,
    name,
    id,
    statements.vault.lock(value),
  )

export const dropSecret = (statements: Statements, space: number, name: SecretName, id: Uint8Array): void =>
  statements('DELETE FROM secret WHERE space = ? AND name = ? AND id = ?').run(space, name, id)

export const loadSecrets = (
  statements: Statements,
  space: number,
  name: SecretName,
): { id: Uint8Array; value: Uint8Array }[] =>
  statements('SELECT id, value FROM secret WHERE space = ? AND name = ?')
    .all(space, name)
    .map((row) => ({ id: row.id as Uint8Array, value: statements.vault.unlock(row.value as Uint8Array) }))

export const loadSecret = (
  statements: Statements,
  space: number,
  name: SecretName,
  id: Uint8Array,
): Uint8Array | undefined => {
  const value = statements('SELECT value FROM secret WHERE space = ? AND name = ? AND id = ?').get(
    space,
    name,
    id,
  )?.value
  return value instanceof Uint8Array ? statements.vault.unlock(value) : undefined
}

const levels: readonly Level[] = ['read', 'write', 'admin']

/** An epoch's secret as it is kept: one byte of level, then the secret of that level. */
export const epochSecretToBytes = (level: Level, secret: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(levels.indexOf(level)), secret)

export const bytesToEpochSecret = (bytes: Uint8Array): { level: Level; secret: Uint8Array } => ({
  level: levels[bytes[0] as number] as Level,
  secret: bytes.subarray(1),
})

/** An epoch that was told of, whose record has not come or waits: the log of its policy is followed for it. */
export type NoticedEpoch = Omit<SpaceAccess, 'space'>

export const keepNotice = (
  statements: Statements,
  space: number,
  { epoch, level, secret, policy }: NoticedEpoch,
): void => {
  const value = encodeCbor([epochSecretToBytes(level, secret), policyToBytes(policy)])
  keepSecret(statements, space, 'notice', epoch, value)
}

export const loadNotices = (statements: Statements, space: number): NoticedEpoch[] =>
  loadSecrets(statements, space, 'notice').map(({ id, value }) => {
    const [kept, policy] = decodeCbor(value) as unknown as [Uint8Array, Uint8Array]
    return { epoch: id, ...bytesToEpochSecret(kept), policy: bytesToPolicy(policy) }
  })
