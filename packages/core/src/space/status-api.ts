import type { ErrorCode } from '../bytes/index.ts'
import type { PeopleStatus } from './people/api.ts'

export type HubStatus = {
  readonly url: string
  readonly state: 'connecting' | 'connected' | 'waiting to reconnect'
  /** Why it is not connected, or what it refused last. */
  readonly problem: { readonly code: ErrorCode; readonly message: string } | undefined
  /** Segments, and entries for other logs than a space's own, that this hub is not known to have. */
  readonly pending: number
  /** Entries from this hub that could not be used: by code. */
  readonly refused: Readonly<Record<string, number>>
  readonly sentBytes: number
  readonly receivedBytes: number
  /** Milliseconds between the last question to it and its answer; a quiet connection asks each 25 s. Undefined while not connected. */
  readonly roundTripMs: number | undefined
  /** Milliseconds for which this device has been doing a proof of work that the hub asks for; undefined while there is none. */
  readonly workingMs: number | undefined
  /** Undefined where this device is no member of the hub by an invite: most hubs are open to all. */
  readonly membership: { readonly tokens: number } | undefined
}

export type Status = PeopleStatus & {
  readonly hubs: readonly HubStatus[]
  readonly clock: { readonly correctedMs: number; readonly warning: string | undefined }
  readonly spaces: number
  /** What some hub does not have yet, and one more while what the person's other devices are to find there is being made. */
  readonly pending: number
}

/** Which versions of the app a space knows of. */
export type AppVersions = {
  /** The version of the app that is asked here. */
  readonly own: number
  /** The newest whose schema was published. */
  readonly published: number
  /** The oldest that may write; 0 for any. */
  readonly minimum: number
}

export type LensFailure = {
  readonly code: 'lens-failed'
  readonly table: string
  readonly columns: readonly string[]
  readonly row: string
  readonly message: string
}

export type SpaceStatus = {
  readonly hubs: readonly {
    readonly url: string
    readonly pending: number
    readonly caughtUp: boolean
    /** Entries there that are still to be read, at most: who joins sees the newest first, and what lies before comes after it. */
    readonly unread: number
    /** Entries there that no pack holds yet; members join hundreds of them into one. */
    readonly unpacked: number
  }[]
  readonly waiting: number
  readonly heldBack: number
  readonly version: AppVersions
  /**
   * What has to be updated before this device writes here again: the app, where a newer version is asked for; the program, where
   * the space has rules that it does not know. Until then the space is read only, and nothing is lost.
   */
  readonly needsUpdate: 'app' | 'program' | undefined
  /** Rows for which a lens of the app failed, of those that were looked at: its columns read as null there, and other rows are not concerned. */
  readonly lensFailures: readonly LensFailure[]
  /** False once this person has left or was removed: then nothing can be written, and nothing new is read. */
  readonly isMember: boolean
  /** Everybody who has the link reads what is written now. */
  readonly isPublic: boolean
  /** Somebody was given keys who is out: whoever writes next makes new ones. It means nothing is written with the old ones. */
  readonly rotationOwed: boolean
  /** Members of our rank or higher whom somebody added who did not know that we had removed them: decide, or tell an owner. */
  readonly lateGrants: readonly { readonly address: string; readonly name: string }[]
}
