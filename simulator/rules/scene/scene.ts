import type { Change } from '@kith/core/change'
import type { ContentOrder, Membership, MembershipOptions } from '@kith/core/membership'
import type { CheapCrypto } from '../cheap-crypto.ts'
import type { Content } from '../content.ts'
import type { Dice } from '@kith/testing/simulation'
import type { Violation } from '../../shared/script.ts'

/** One scene: its people, all that exists in it, and how a device writes and learns. What writes also learns, so they are together. */

/** The evaluator under test: the production one, or one with a mistake on purpose. */
export type CreateMembership = (options: MembershipOptions) => Membership

export type SimPerson = {
  readonly n: number
  readonly id: Uint8Array
  readonly address: Uint8Array
  /** The app of the space; every device serves it. */
  readonly tag: Uint8Array
  /** Another app, for those that were let in to it too. */
  readonly otherTag: Uint8Array
  readonly recovery: { readonly signing: Uint8Array; readonly sealing: Uint8Array }
}

/** One device: what it knows, and where its chains stand. */
export type Actor = {
  readonly name: string
  readonly person: SimPerson
  readonly device: Uint8Array
  readonly sealing: Uint8Array
  admission: Uint8Array | undefined
  /** Somebody who had the other app let it in to that. */
  hasOtherApp: boolean
  readonly membership: Membership
  readonly content: Content
  /** In the order in which they came. */
  readonly known: Change[]
  readonly knownKeys: Set<string>
  /** Its own changes, oldest first, by class. */
  readonly own: { readonly membership: Change[]; readonly content: Change[]; readonly person: Change[] }
  /** Writes what it likes; the others keep the rules of honest programs. */
  isHostile: boolean
  /** Keeps what it sees, and judges what it has seen of content, so that changes of verdicts can be compared. */
  readonly verdicts: Map<string, string>
  /** Grants that a removal has ended, as far as this device knows. */
  readonly ended: Set<string>
}

export type Scene = {
  readonly crypto: CheapCrypto
  readonly dice: Dice
  readonly create: CreateMembership
  readonly space: Uint8Array
  readonly actors: Actor[]
  /** All membership changes, carried ones too, and all content: in the order of their making. */
  readonly changes: Change[]
  readonly contents: Change[]
  readonly byKey: Map<string, Change>
  /** Links that were made: whoever has ever seen one may keep it. */
  readonly invites: { readonly grant: Change; readonly key: Uint8Array }[]
  /** What honest removals said: who, by whom, and what was seen. */
  readonly removals: { readonly removal: Change; readonly by: Actor; readonly seen: ReadonlySet<string> }[]
  readonly isHonest: Map<string, boolean>
  readonly violations: Violation[]
  readonly counts: Record<string, number>
  nowMs: number
  step: number
  readonly violate: (promise: string, detail: string) => void
  readonly count: (what: string) => void
  readonly newMembership: (order: ContentOrder) => Membership
}
