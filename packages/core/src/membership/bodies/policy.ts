import type { CborValue } from '../../bytes/index.ts'
import { toSigningKey, toTuple } from './fields.ts'

/** The three public keys of a log's policy; `admin` is undefined for none. Kind and id are the wire layer's. */
export type PolicyKeys = {
  readonly write: Uint8Array
  readonly read: Uint8Array
  readonly admin: Uint8Array | undefined
}

/** [write, read, admin], empty bytes for none. */
export function policyToArray(policy: PolicyKeys): CborValue {
  return [policy.write, policy.read, policy.admin ?? new Uint8Array(0)]
}

export function toPolicy(value: unknown): PolicyKeys {
  const [write, read, admin] = toTuple(value, 3, 'policy')
  return {
    write: toSigningKey(write, 'write key'),
    read: toSigningKey(read, 'read key'),
    admin: admin instanceof Uint8Array && admin.length === 0 ? undefined : toSigningKey(admin, 'admin key'),
  }
}
