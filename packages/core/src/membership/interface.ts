import type { Change, Header, Time } from '../change/index.ts'
import type { EpochBody, InviteGrant, KeysBody, Recipient } from './bodies/index.ts'
import type { AuthorJudgement, SchemaRecord } from './content.ts'
import type { NotDue, ShareDue } from './epochs.ts'
import type { Level, Rank } from './rank.ts'
import type { HeldBack } from './verdict.ts'

/** Who may do what in one space: a pure function of the set of changes added, whatever their order. */
export type Membership = {
  /** Takes membership changes whose segments were verified: those of the space and carried personal ones. */
  readonly add: (changes: Iterable<Change>) => MembershipEffects
  /**
   * Who wrote a content change, and by which schema records it is judged. `hash` is the change's; none for one of ours that
   * is yet to be made: no cut can have listed it.
   */
  readonly judgeAuthor: (header: Header, hash?: Uint8Array) => AuthorJudgement
  /** Whose device signed a content change, whatever it may do now. */
  readonly writerOf: (header: Header) => { readonly person: Uint8Array; readonly address: Uint8Array } | undefined
  readonly verdictOf: (hash: Uint8Array) => 'waiting' | 'unsupported' | 'applied' | HeldBack | undefined
  /** By address ascending. */
  readonly members: () => Member[]
  readonly member: (person: Uint8Array) => Member | undefined
  /** What a new change must name in `deps` on membership: changes in force that no other one rests on; sorted. */
  readonly heads: () => Uint8Array[]
  /** The same among one person's carried changes: a joiner names these too. */
  readonly personHeads: (person: Uint8Array) => Uint8Array[]
  /** All valid epochs, by hash ascending. */
  readonly epochs: () => Epoch[]
  /** The epoch to write under: the clean one with the lowest hash; undefined where one must be started. */
  readonly epochInUse: () => Epoch | undefined
  /** The newest schema records in the past of these heads (of everything where none are given). */
  readonly newestSchemas: (heads?: readonly Uint8Array[]) => SchemaRecord[]
  readonly schema: (hash: Uint8Array) => SchemaRecord | undefined
  /** The oldest version of the app that may write here; 0 for any. */
  readonly minimumVersion: () => number
  readonly invites: () => OpenInvite[]
  /** Boxes of shares to a person, for finding its secret. */
  readonly shares: (person: Uint8Array) => ShareForUs[]
  /** Whom an epoch must be sealed to that is started now and names `heads()`. */
  readonly recipients: (highest: Level) => Recipient[]
  /** No epoch is clean: somebody has to start one before content can be written (rule 14). */
  readonly isRotationOwed: () => boolean
  /**
   * Members to whom a share is due: whom an epoch missed, or has sealed too little or to an older key. Of one that is broken, and so used no more:
   * those who said so, for they lack what was written under it.
   */
  readonly missed: (epoch: Uint8Array) => ShareDue[]
  /** Whom an epoch is sealed to though it is not due to them: one such makes it unclean. */
  readonly notDue: (epoch: Uint8Array) => NotDue[]
  /** All that a removal of this person names (rules 3 and 21): its grants and the open invites that it made, used or could read. */
  readonly rightsOf: (person: Uint8Array) => { readonly grants: Uint8Array[]; readonly invites: Uint8Array[] }
  /** How a person is called who said so as a reader: the last by (time, hash) that stands. */
  readonly profile: (person: Uint8Array) => Profile | undefined
  /** Heads of membership chains of these devices in this space: what a cut accepts. */
  readonly chainHeads: (devices: readonly Uint8Array[]) => Uint8Array[]
  /** Revocations of a person's devices that no device cut repeats here yet (rule 10). */
  readonly cutsOwed: (person: Uint8Array) => CutOwed[]
  /** Whose a membership change is, and by which rank; undefined for one that nobody's right made. */
  readonly authorOf: (hash: Uint8Array) => ChangeAuthor | undefined
  /** Everybody who was given an epoch's secret. */
  readonly readers: (epoch: Uint8Array) => Reader[]
  /** Joins that an invite's closing accepts: all that stand. */
  readonly joinsOf: (invite: Uint8Array) => Uint8Array[]
  /** A person's valid `keys` changes, newest last among those that know of each other. */
  readonly keysOf: (person: Uint8Array) => KeysBody[]
  readonly sealingKey: (person: Uint8Array, tag: Uint8Array) => Uint8Array | undefined
  /** A person's live devices, by key ascending. */
  readonly devices: (person: Uint8Array) => { device: Uint8Array; sealing: Uint8Array; admission: Uint8Array }[]
  /** Live devices that serve a tag, by device key ascending: a `keys` change is sealed to exactly these (rule 11). */
  readonly devicesOfTag: (person: Uint8Array, tag: Uint8Array) => { device: Uint8Array; sealing: Uint8Array }[]
  /** Applied changes that this version cannot judge: while there is one, this client must not write. */
  readonly unsupported: () => Change[]
  readonly heldBack: () => { change: Change; reason: HeldBack }[]
  readonly waiting: () => { change: Change; missing: Uint8Array[] }[]
  /** The app id in the genesis; undefined before it is here. */
  readonly app: () => string | undefined
}

export type Profile = { readonly name: string; readonly time: Time }

export type MembershipEffects = {
  readonly applied: readonly Change[]
  readonly heldBack: readonly { readonly change: Change; readonly reason: HeldBack }[]
  readonly unsupported: readonly Change[]
  /** Devices (Ed25519 keys) whose content changes may be judged otherwise than before. */
  readonly shaken: readonly Uint8Array[]
}

/** One box of a share: `index` is its place, which opening needs. */
export type ShareForUs = {
  readonly epoch: Uint8Array
  readonly ephemeral: Uint8Array
  readonly level: Level
  readonly box: Uint8Array
  readonly index: number
}

export type ChangeAuthor = {
  readonly person: Uint8Array
  readonly rank: Rank
  readonly role: string
  /** The change that gave the right. */
  readonly grant: Uint8Array
}

/** Who was given an epoch's secret, and how. An invite's holders get it through the invite's log. */
export type Reader = { readonly id: Uint8Array; readonly level: Level; readonly isByShare: boolean }

/** `revocation` is the removal in the person's space; `devices` are those that it ends. */
export type CutOwed = { readonly revocation: Uint8Array; readonly devices: readonly Uint8Array[] }

export type Epoch = EpochBody & {
  readonly hash: Uint8Array
  /** Whom its boxes are sealed to, in their order: the evaluator's list for the record's past. */
  readonly recipients: readonly Recipient[]
  /** Everybody whom it is sealed to is still due what it gives. */
  readonly isClean: boolean
  /** A member could not open its keys. */
  readonly isBroken: boolean
  /** Epochs in its past: those that it superseded, hashes ascending. */
  readonly supersedes: readonly Uint8Array[]
}
export type OpenInvite = InviteGrant & { readonly hash: Uint8Array; readonly joins: number }

export type Member = {
  readonly person: Uint8Array
  readonly address: Uint8Array
  readonly rank: Rank
  readonly role: string
  /** The grant or join that gives the rank: what its changes name. */
  readonly grant: Uint8Array
  /** All its grants. */
  readonly grants: readonly Uint8Array[]
  readonly tag: Uint8Array
  readonly devices: readonly { readonly device: Uint8Array; readonly admission: Uint8Array }[]
}
