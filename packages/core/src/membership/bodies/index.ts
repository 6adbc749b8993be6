import { KithError } from '../../bytes/index.ts'
import { kinds } from '../../change/index.ts'
import { type BrokenBody, decodeBroken, decodeEpoch, decodeShare, type EpochBody, type ShareBody } from './epoch.ts'
import { decodeGenesis, type GenesisBody } from './genesis.ts'
import { decodeGrant, decodeJoin, type GrantBody, type JoinBody } from './grant.ts'
import { type AdmissionBody, decodeAdmission, decodeKeys, type KeysBody } from './person.ts'
import {
  type DeviceCutBody,
  decodeDeviceCut,
  decodeMerge,
  decodeRemoval,
  type MergeBody,
  type RemovalBody,
} from './removal.ts'
import { decodeProfile, type ProfileBody } from './profile.ts'
import { decodeMinimum, type MinimumBody } from './minimum.ts'
import { decodeSchema, type SchemaBody } from './schema.ts'

export * from './epoch.ts'
export * from './genesis.ts'
export * from './grant.ts'
export * from './person.ts'
export * from './minimum.ts'
export type { PolicyKeys } from './policy.ts'
export * from './profile.ts'
export * from './removal.ts'
export * from './schema.ts'

/** A membership change's body by its kind. */
export type MembershipBody =
  | { readonly kind: 'genesis'; readonly body: GenesisBody }
  | { readonly kind: 'grant'; readonly body: GrantBody }
  | { readonly kind: 'removal'; readonly body: RemovalBody }
  | { readonly kind: 'join'; readonly body: JoinBody }
  | { readonly kind: 'admission'; readonly body: AdmissionBody }
  | { readonly kind: 'deviceCut'; readonly body: DeviceCutBody }
  | { readonly kind: 'epoch'; readonly body: EpochBody }
  | { readonly kind: 'share'; readonly body: ShareBody }
  | { readonly kind: 'broken'; readonly body: BrokenBody }
  | { readonly kind: 'schema'; readonly body: SchemaBody }
  | { readonly kind: 'merge'; readonly body: MergeBody }
  | { readonly kind: 'keys'; readonly body: KeysBody }
  | { readonly kind: 'profile'; readonly body: ProfileBody }
  | { readonly kind: 'minimum'; readonly body: MinimumBody }
  | { readonly kind: 'unknown' }
  /** Of a known kind, but not what that kind's body is. */
  | { readonly kind: 'malformed'; readonly reason: string }

export function decodeMembershipBody(kind: number, body: Uint8Array): MembershipBody {
  try {
    switch (kind) {
      case kinds.genesis:
        return { kind: 'genesis', body: decodeGenesis(body) }
      case kinds.grant:
        return { kind: 'grant', body: decodeGrant(body) }
      case kinds.removal:
        return { kind: 'removal', body: decodeRemoval(body) }
      case kinds.join:
        return { kind: 'join', body: decodeJoin(body) }
      case kinds.admission:
        return { kind: 'admission', body: decodeAdmission(body) }
      case kinds.deviceCut:
        return { kind: 'deviceCut', body: decodeDeviceCut(body) }
      case kinds.epoch:
        return { kind: 'epoch', body: decodeEpoch(body) }
      case kinds.share:
        return { kind: 'share', body: decodeShare(body) }
      case kinds.broken:
        return { kind: 'broken', body: decodeBroken(body) }
      case kinds.schema:
        return { kind: 'schema', body: decodeSchema(body) }
      case kinds.merge:
        return { kind: 'merge', body: decodeMerge(body) }
      case kinds.keys:
        return { kind: 'keys', body: decodeKeys(body) }
      case kinds.profile:
        return { kind: 'profile', body: decodeProfile(body) }
      case kinds.minimum:
        return { kind: 'minimum', body: decodeMinimum(body) }
      default:
        return { kind: 'unknown' }
    }
  } catch (error) {
    if (error instanceof KithError) return { kind: 'malformed', reason: error.message }
    throw error
  }
}
