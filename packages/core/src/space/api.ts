import type * as Y from 'yjs'
import type { Contacts } from './contacts/api.ts'
import type { HubMembersApi } from './hub-members/api.ts'
import type { Inspection } from './inspect/api.ts'
import type { PeopleApi } from './people/api.ts'
import type { Presence, PresenceOptions } from './presence/api.ts'
import type { RowsPatch } from './rows-patch.ts'
import type {
  Invite,
  InviteOptions,
  PublishOptions,
  PublishPreview,
  Removal,
  RemovalByPhrase,
  RemovalOptions,
  RemovalPreview,
} from './sharing-api.ts'
import type { SpaceStatus, Status } from './status-api.ts'
import type { Query, QueryStart } from '../database/index.ts'
import type {
  App,
  DatabaseOf,
  InsertOf,
  KeyOf,
  RowOf,
  SpanningDatabaseOf,
  Table,
  Tables,
  UpdateOf,
} from '../schema/index.ts'

/**
 * One person on one device: what `openKith` gives. Every read is a promise, because the engine may live in a worker. A
 * write is visible to one's own queries at once; its promise resolves when it is durable on this device.
 */
export type Kith = PeopleApi &
  HubMembersApi & {
    /** Stable for life, 77 characters. */
    readonly address: string
    /** What one gives to others so that they can write: a text for a link or a QR code, signed by this device. */
    readonly card: () => Promise<string>
    readonly contacts: Contacts
    /** @throws KithError `bad-phrase`, `bad-value`. */
    readonly createSpace: <A extends App>(app: A, options: NewSpaceOptions) => Promise<Space<A>>
    /** @throws KithError `bad-link`, `link-expired`, `wrong-app`, `hub-unreachable`. Joining twice opens the same space. */
    readonly join: <A extends App>(app: A, link: string) => Promise<Space<A>>
    /**
     * Opens a space that is public, by the link that `publish` gave, for reading: whoever is no member writes nothing, and nobody learns who
     * reads. From then on it syncs, and opens by `open`, like any other.
     *
     * @throws KithError `bad-link`, `wrong-app`, `hub-unreachable`, `cannot-open`.
     */
    readonly openPublic: <A extends App>(app: A, link: string) => Promise<Space<A>>
    /** @throws KithError `not-found`, `wrong-app`, `schema-mismatch`. */
    readonly open: <A extends App>(app: A, spaceId: string) => Promise<Space<A>>
    readonly spaces: (filter?: { app?: App }) => Promise<SpaceSummary[]>
    readonly liveSpaces: (filter: { app?: App }, listener: (spaces: SpaceSummary[]) => void) => Stop
    /** A query over all spaces of the app; every table has a column `space` more. */
    readonly query: <A extends App, Row>(app: A, build: QueryOf<SpanningDatabaseOf<A>, Row>) => Promise<Row[]>
    readonly live: {
      <A extends App, Row>(
        app: A,
        build: QueryOf<SpanningDatabaseOf<A>, Row>,
        listener: LiveListener<Row>,
        failed?: (error: unknown) => void,
      ): Stop
      <A extends App, Row>(app: A, build: QueryOf<SpanningDatabaseOf<A>, Row>): AsyncIterable<Row[]>
    }
    /** What is on this device and why, for devtools and support. */
    readonly inspect: Inspection
    readonly status: () => Promise<Status>
    readonly liveStatus: (listener: (status: Status) => void) => Stop
    /**
     * Resolves when one hub has all that this device wrote, in all spaces, and what the person's other devices find it by: it may be closed, or
     * lost. Waits up to 10 s unless told otherwise.
     *
     * @throws KithError `hub-unreachable`.
     */
    readonly synced: (options?: { timeoutMs?: number }) => Promise<void>
    /**
     * Takes in a bundle: a file's path where the platform has files, or its bytes.
     *
     * @throws KithError `bad-encoding`, `not-found` (no key for what is in it).
     */
    readonly importBundle: (bundle: string | Uint8Array) => Promise<{ space: string; changes: number }>
    readonly close: () => Promise<void>
    readonly [Symbol.asyncDispose]: () => Promise<void>
  }

export type NewSpaceOptions = {
  readonly name: string
  /**
   * Whose phrase can remove an owner of the space (`remove(address, { phrase })`), for good: its creator's own (the default), a phrase of its own (from
   * `newPhrase`, to be written down or given out in parts by `splitPhrase`), or nobody's.
   */
  readonly recovery?: SpaceRecovery | undefined
}

export type SpaceRecovery = 'creator' | 'none' | { readonly phrase: string }

export type Stop = () => void

/** `patch` makes these rows of those of the call before (of none, at first). */
export type LiveListener<Row> = (rows: Row[], patch: RowsPatch<Row>) => void

export type SpaceSummary = {
  readonly id: string
  readonly name: string
  readonly app: string
  readonly lastChange: Date
}

/** A Kysely query that reads: `q => q.selectFrom('tasks').selectAll()`. */
export type QueryOf<Database, Row> = (start: QueryStart<Database>) => Query<Row>

/** The declared tables of an app. */
export type TablesOf<A> = A extends App<infer T> ? T : Tables

/** A typed database that is replicated to its members. */
export type Space<A extends App> = {
  readonly id: string
  readonly tables: { readonly [N in keyof TablesOf<A> & string]: TableOf<TablesOf<A>[N]> }
  /**
   * One change: all of it or nothing, here and wherever it arrives. A plain callback records writes; an async one may also
   * query and is run again when something that it read has changed meanwhile.
   *
   * @throws KithError `transaction-conflict` after ten runs.
   */
  readonly transact: <Result>(run: (tx: Transaction<A>) => Result | Promise<Result>) => Promise<Result>
  readonly query: <Row>(build: QueryOf<DatabaseOf<A>, Row>) => Promise<Row[]>
  /**
   * Calls `listener` with the rows now and after changes, at most once a frame; rows that did not change are the same objects as before. Without
   * a listener: `for await (const rows of space.live(query))`, which ends by `break` and gives who is slow the newest rows only.
   */
  readonly live: {
    <Row>(build: QueryOf<DatabaseOf<A>, Row>, listener: LiveListener<Row>, failed?: (error: unknown) => void): Stop
    <Row>(build: QueryOf<DatabaseOf<A>, Row>): AsyncIterable<Row[]>
  }
  /** Opens a text for typing. @throws KithError `not-found`, `bad-value` (no rich text). */
  readonly text: <N extends keyof TablesOf<A> & string>(table: N, id: string, column: string) => Promise<OpenText>
  /**
   * Is in the space from now on, until `close`, and sees who else is: to be asked for once a page or program. `State` is what each shows of
   * itself, a cursor or that it types. In a public space only those who may write see each other.
   */
  readonly presence: <State extends object = Record<string, unknown>>(
    options?: PresenceOptions,
  ) => Promise<Presence<State>>
  readonly name: () => Promise<string>
  readonly rename: (name: string) => Promise<void>
  /**
   * From now on, devices with an older version of the app only read the space, until they are updated; what they wrote before is kept
   * and sent. Without a version: this one. 0 takes it back.
   *
   * @throws KithError `rank-too-low` below admin, `bad-value` for a version above this one.
   */
  readonly requireVersion: (version?: number) => Promise<void>
  /**
   * A link by which others join, for `reader`, `writer`, `admin` or a role of the app. Whoever holds it can read the space.
   *
   * @throws KithError `rank-too-low`, `bad-value`.
   */
  readonly invite: (options: InviteOptions) => Promise<string>
  /** Links that are open, or not closed yet. */
  readonly invites: () => Promise<Invite[]>
  /** Ends a link; who joined by it stays. @throws KithError `not-found`, `rank-too-low`. */
  readonly closeInvite: (id: string) => Promise<void>
  /** Makes somebody a member with whom this device shares another space. @throws KithError `unknown-member`, `rank-too-low`. */
  readonly grant: (address: string, role: string) => Promise<void>
  /** @throws KithError `rank-too-low`, `unknown-member`, `last-owner`. */
  readonly setRole: (address: string, role: string) => Promise<void>
  /**
   * Ends a membership. The removed person reads nothing written from then on, and what it writes or has written without its being known here has no
   * effect. What is known here stays, unless `keep` says otherwise.
   *
   * @throws KithError `rank-too-low`, `unknown-member`, `bad-phrase`, `not-allowed` (by a phrase, where the space has none).
   */
  readonly remove: (address: string, options?: RemovalOptions & RemovalByPhrase) => Promise<Removal>
  /** What `remove` with the same options would make void. */
  readonly previewRemoval: (address: string, options?: RemovalOptions) => Promise<RemovalPreview>
  /**
   * Makes the space readable by everybody who has the link that this gives. What was written so far stays hidden, unless an owner says
   * otherwise. Show `previewPublish` before. New keys that an admin makes later keep the space public, and give a new link; the old one goes
   * on working. Keys that a writer makes end it.
   *
   * @throws KithError `rank-too-low`.
   */
  readonly publish: (options?: PublishOptions) => Promise<string>
  /** What `publish` with the same options would show to everybody. */
  readonly previewPublish: (options?: PublishOptions) => Promise<PublishPreview>
  /** The link of today; undefined where the space is not public. */
  readonly publicLink: () => Promise<string | undefined>
  /** What is written from now on is for members alone. @throws KithError `rank-too-low`. */
  readonly makePrivate: () => Promise<void>
  /**
   * Whether the rules would let us do this now. `row`: the id of a row that is here, for `update` and `delete`; values, for `insert`. What is not given
   * is taken to be as the rules want it: `can('insert', 'tasks')` asks whether any row at all could be inserted.
   *
   * @throws KithError `not-found` for a table that there is not, `bad-value`.
   */
  readonly can: <N extends keyof TablesOf<A> & string>(
    action: 'insert' | 'update' | 'delete',
    table: N,
    row?: string | Partial<InsertOf<TablesOf<A>[N]>>,
  ) => Promise<boolean>
  /** @throws KithError `last-owner`. */
  readonly leave: () => Promise<void>
  /** Somebody else becomes owner, and this person an admin. @throws KithError `rank-too-low`, `unknown-member`. */
  readonly transferOwnership: (address: string) => Promise<void>
  readonly members: () => Promise<Member[]>
  readonly liveMembers: (listener: (members: Member[]) => void) => Stop
  readonly heldBack: () => Promise<(HeldBack & { readonly reissue: () => Promise<void> })[]>
  readonly liveHeldBack: (listener: (heldBack: HeldBack[]) => void) => Stop
  /**
   * Gives effect to a change that was held back (`change` of an item of `heldBack`), as it was written and in its author's name: one's own,
   * after one was let in again, or as an admin anybody's. What others wrote meanwhile stays.
   *
   * @throws KithError `not-found`, `not-allowed` with the reason.
   */
  readonly reissue: (change: string) => Promise<void>
  /** The same for all that this person wrote, as far as the rules allow it now. Resolves to how many. */
  readonly reissueOwn: () => Promise<number>
  /** Who wrote a row or change, under what, who can read it. */
  readonly explain: (id: string) => Promise<Explanation>
  readonly status: () => Promise<SpaceStatus>
  readonly liveStatus: (listener: (status: SpaceStatus) => void) => Stop
  /** What `status().needsUpdate` says, told when it is another: for a screen that asks for the update. */
  readonly liveNeedsUpdate: (listener: (what: SpaceStatus['needsUpdate']) => void) => Stop
  /** Resolves when what is here is at a hub, and what that hub has is here. @throws KithError `hub-unreachable` after `timeoutMs` (10 s). */
  readonly synced: (options?: { timeoutMs?: number }) => Promise<void>
  /** All sealed entries of the space, for a USB stick or a mail; written to `path` too if one is given. Only members can read it. */
  readonly exportBundle: (path?: string) => Promise<Uint8Array>
}

export type TableOf<T> =
  T extends Table<infer _C, infer _K, infer _L>
    ? TableWrites<T> & { readonly get: (id: string) => Promise<RowOf<T> | undefined> }
    : never

type TableWrites<T> = {
  readonly insert: (row: InsertOf<T>) => Promise<string>
  /** Keyed tables: inserts the row with this key or updates it; takes back its deletion. */
  readonly upsert: [KeyOf<T>] extends [never] ? never : (row: InsertOf<T>) => Promise<string>
  readonly update: (id: string, values: UpdateOf<T>) => Promise<void>
  readonly delete: (id: string) => Promise<void>
  readonly restore: (id: string) => Promise<void>
}

export type Transaction<A extends App> = {
  readonly [N in keyof TablesOf<A> & string]: {
    readonly insert: (row: InsertOf<TablesOf<A>[N]>) => string
    readonly upsert: [KeyOf<TablesOf<A>[N]>] extends [never] ? never : (row: InsertOf<TablesOf<A>[N]>) => string
    readonly update: (id: string, values: UpdateOf<TablesOf<A>[N]>) => void
    readonly delete: (id: string) => void
    readonly restore: (id: string) => void
  }
} & { readonly query: <Row>(build: QueryOf<DatabaseOf<A>, Row>) => Promise<Row[]> }

/**
 * A text open for typing; `doc.getText('text')` is its plain text. What is typed becomes a change at most every 50 ms. `doc` is
 * another object after a fork of this device's own history was found: bind editors again when `replaced` says so.
 */
export type OpenText = {
  readonly doc: Y.Doc
  readonly replaced: (listener: (doc: Y.Doc) => void) => Stop
  /** Resolves when what was typed so far is durable here. */
  readonly saved: () => Promise<void>
  readonly close: () => Promise<void>
}

export type Member = {
  readonly address: string
  readonly name: string
  /** As the person set it by `setProfile`; at most 64 KiB. */
  readonly picture: Uint8Array | undefined
  readonly role: string
  readonly rank: 'owner' | 'admin' | 'writer' | 'reader'
  readonly devices: number
}

export type HeldBack = {
  readonly change: string
  readonly author: string
  readonly code: string
  readonly reason: string
  /** False where it only waits for something and will apply by itself. */
  readonly isFinal: boolean
  /** `reissue` may give effect to it. */
  readonly canReissue: boolean
}

export type Explanation = {
  readonly change: string
  readonly author: { readonly address: string; readonly name: string }
  readonly time: Date
  readonly grant: string
  /** Where the right to write it came from. */
  readonly right:
    | {
        readonly source: 'founder' | 'link' | 'grant' | 'demotion'
        readonly role: string
        readonly at: Date
        /** Who gave it, or made the link. */
        readonly by: { readonly address: string; readonly name: string } | undefined
      }
    | undefined
  readonly epoch: string
  /** The keys that lock it; undefined for what concerns membership. */
  readonly keys:
    | { readonly startedBy: { readonly address: string; readonly name: string }; readonly at: Date }
    | undefined
  /** Everybody who was ever given a key to it. */
  readonly readers: readonly {
    readonly address: string
    readonly name: string
    /** Undefined: no member any more. */
    readonly rank: Member['rank'] | undefined
    /** By the keys that lock it, handed them afterwards, or by later keys that open older ones. */
    readonly how: 'keys' | 'share' | 'later keys'
  }[]
  /** Open links whose holders can read it without having joined. */
  readonly openLinks: number
  readonly isPublic: boolean
  readonly state: 'applied' | 'waiting' | 'held back'
  readonly reason: string | undefined
  /** Whoever gave effect to it after it was held back. */
  readonly reissuedBy: readonly { readonly address: string; readonly name: string; readonly at: Date }[]
  /** All of this in words for a person. */
  readonly text: string
}
