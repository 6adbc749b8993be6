import type { Named } from '../acquaintance.ts'
import type { Explanation, Member } from '../api.ts'
import type { HubStatus } from '../status-api.ts'

/**
 * What developers and those whom a person asks for help look at: plain data about what is on this device. It holds no key, no link and no
 * value of a row, but names of people and spaces, row ids and who wrote when. Reading it changes nothing.
 *
 * Spaces are named by their ids, as `spaces` gives them. @throws KithError `not-found` for a space that is not here.
 */
export type Inspection = {
  /** All that is here: spaces of apps, homes (where a person's devices find spaces) and the person's own space. */
  readonly spaces: () => Promise<InspectedSpace[]>
  /** Everybody who is or was a member, members first. */
  readonly members: (space: string) => Promise<InspectedMember[]>
  /** Newest first. */
  readonly epochs: (space: string) => Promise<InspectedEpoch[]>
  /**
   * What came to be written, in the order in which it came to this device, newest first. `next` of one page is `before` of the one after it.
   *
   * @throws KithError `bad-value`.
   */
  readonly log: (space: string, page?: LogPageOptions) => Promise<LogPage>
  /** Changes without effect: held back, and waiting for something. Newest first. */
  readonly heldBack: (space: string) => Promise<InspectedChange[]>
  /** With what a space is to each of them, where one is given. */
  readonly hubs: (space?: string) => Promise<InspectedHub[]>
  readonly storage: () => Promise<StorageUse>
  /** Why a row can or cannot be seen. @throws KithError `bad-value` for what is no row id. */
  readonly row: (space: string, id: string) => Promise<RowReport>
}

export type InspectedSpace = {
  readonly id: string
  readonly name: string
  readonly app: string
  readonly kind: 'app' | 'home' | 'own'
  /** Version of the app whose schema was published last; undefined before it is here. */
  readonly version: number | undefined
  /** What this person is in it; undefined: no member. */
  readonly role: string | undefined
  readonly rank: Member['rank'] | undefined
  readonly isPublic: boolean
  readonly rotationOwed: boolean
  /** There are rules that this program does not know: it only reads. */
  readonly isReadOnly: boolean
  readonly members: number
  readonly changes: number
  /** History of the space as it is kept, compressed. */
  readonly historyBytes: number
  readonly heldBack: number
  readonly waiting: number
  readonly lastChange: Date
}

export type InspectedMember = Named & {
  readonly isUs: boolean
  /** Undefined: no member any more. */
  readonly rank: Member['rank'] | undefined
  readonly role: string
  /** Public keys of the devices that may write for the person, in hexadecimal. */
  readonly devices: readonly string[]
  /** Newest first. */
  readonly grants: readonly InspectedGrant[]
}

export type InspectedGrant = NonNullable<Explanation['right']> & {
  /** The change that gave it. */
  readonly change: string
  readonly isLive: boolean
  /** The removal that ended it, if one did. */
  readonly ended: { readonly by: Named; readonly at: Date } | undefined
}

export type InspectedEpoch = Pick<Explanation, 'readers' | 'openLinks' | 'isPublic'> & {
  /** The hash of its record. */
  readonly epoch: string
  readonly startedBy: Named
  readonly at: Date
  /** New changes are written under it. */
  readonly isInUse: boolean
  readonly isClean: boolean
  /** Why nobody writes under it, in words; empty where it is clean. */
  readonly whyNotClean: readonly string[]
  /** What this device has keys for. */
  readonly weCan: 'write' | 'read' | 'read membership' | 'nothing'
}

export type LogPageOptions = { readonly before?: string /** 1 to 500; 50 unless given. */; readonly limit?: number }

export type LogPage = {
  readonly changes: readonly InspectedChange[]
  /** Undefined: there is nothing older. */
  readonly next: string | undefined
}

export type InspectedChange = {
  /** Its hash. */
  readonly change: string
  readonly author: Named
  /** Its device's public key. */
  readonly device: string
  readonly isOurs: boolean
  /** By its author's clock. */
  readonly time: Date
  readonly chain: 'membership' | 'content'
  readonly kind: string
  /** What it does, in words. Names in it are others' words. */
  readonly text: string
  readonly writes: readonly InspectedWrites[]
  readonly state: 'applied' | 'waiting' | 'held back'
  /** Why it is held back: a code of the verdict. */
  readonly code: string | undefined
  readonly reason: string | undefined
  /** The keys that it was written under; undefined for membership. */
  readonly epoch: string | undefined
}

export type InspectedWrites = {
  readonly table: string
  readonly action: 'insert' | 'upsert' | 'update' | 'delete' | 'restore' | 'type'
  readonly count: number
  /** The first of them. */
  readonly rows: readonly string[]
}

export type InspectedHub = HubStatus & {
  /** Its public key in hexadecimal, once it has shown it. */
  readonly key: string | undefined
  readonly space: { readonly pending: number; readonly caughtUp: boolean } | undefined
}

export type StorageUse = {
  readonly databaseBytes: number
  /** Of these, what SQLite will use again. */
  readonly freeBytes: number
  /** Where `bytes` come from; without `dbstat` in SQLite there are none. */
  readonly measuredBy: 'dbstat' | undefined
  /** Tables of apps, the largest first; then what Kith keeps beside them. */
  readonly tables: readonly TableUse[]
}

export type TableUse = {
  /** Empty for what is Kith's own. */
  readonly app: string
  readonly table: string
  /** In all spaces. */
  readonly rows: number
  /** Rows among them that a delete hides. */
  readonly deleted: number
  /** With its indexes. */
  readonly bytes: number | undefined
}

export type RowReport = {
  readonly id: string
  readonly state:
    | 'shown'
    | 'deleted'
    | 'hidden by another row'
    | 'held back'
    | 'waiting'
    | 'table unknown to the app'
    | 'without its insert'
    | 'not here'
  readonly table: string | undefined
  /** The change that makes it. */
  readonly made: InspectedChange | undefined
  /** Deletes that hide it, or the row that it refers to. */
  readonly deletes: readonly InspectedChange[]
  /** The row that hides it. */
  readonly hiddenBy: { readonly table: string; readonly row: string } | undefined
  /** Changes to it that have no effect. */
  readonly withoutEffect: readonly InspectedChange[]
  /** Why there may be more of it than is here, in words. */
  readonly mayBeMissing: readonly string[]
  /** All of this in words for a person. */
  readonly text: string
}
