import type { App } from '../../schema/index.ts'

/** One of a person's devices. */
export type Device = {
  readonly id: string
  readonly name: string
  readonly isThis: boolean
  /** When it was admitted, by the clock of the device that did it. */
  readonly since: Date
  /** The apps that it has the spaces of, as far as this device knows them. */
  readonly apps: readonly string[]
  /** It has those of apps to come too. */
  readonly hasAllApps: boolean
}

export type AddDeviceOptions = {
  /** The apps that the new device may have; all, also those to come, where they are not given. It gets those of them that it asks for. */
  readonly apps?: readonly (App | string)[]
}

/** A device that is being added: this one's side. */
export type AddingDevice = {
  /** Twelve characters to type on the new device; good for ten minutes and one device. */
  readonly code: string
  /** The same as a link, for a QR code. */
  readonly link: string
  readonly expires: Date
  /**
   * Resolves when a device is there. `check` is what that device must show too: a person compares them.
   *
   * @throws KithError `device-not-linked`, `bad-device-code` (expired).
   */
  readonly met: Promise<{ readonly check: string; readonly name: string; readonly apps: readonly string[] | undefined }>
  /**
   * The person has compared. Resolves when the other side is confirmed too and the device is one of this person's.
   *
   * @throws KithError `device-not-linked`, `hub-unreachable`.
   */
  readonly confirm: () => Promise<Device>
  readonly cancel: () => void
}

export type Profile = {
  readonly name: string
  /** At most 64 KiB, in whatever format the apps agree on. */
  readonly picture?: Uint8Array | undefined
}

/** What a person prints or copies, and keeps apart from the devices. */
export type RecoverySheet = {
  /** Undefined once it was confirmed: it is on paper only. */
  readonly phrase: string | undefined
  readonly address: string
  readonly hubs: readonly string[]
  readonly text: string
}

export type SplitOptions = {
  /** How many parts to make, at most 16. */
  readonly parts: number
  /** How many of them give the phrase back, at least 2. */
  readonly needed: number
}

/** What a `Kith` can do about the person and its devices. */
export type PeopleApi = {
  readonly devices: () => Promise<Device[]>
  /** Begins to add a device. @throws KithError `hub-unreachable`. */
  readonly addDevice: (options?: AddDeviceOptions) => Promise<AddingDevice>
  /**
   * Ends a device that is lost or stolen: at once here, in every space by a task that lasts, soon everywhere.
   *
   * @throws KithError `unknown-device`, `not-allowed` (it is this device).
   */
  readonly revokeDevice: (id: string) => Promise<void>
  /** The twelve words, until they are confirmed; then undefined. */
  readonly recoveryPhrase: () => Promise<string | undefined>
  /** The person has written the words down, and types them: then they are erased here. @throws KithError `bad-phrase`. */
  readonly confirmRecoveryPhrase: (words: string) => Promise<void>
  readonly recoverySheet: () => Promise<RecoverySheet>
  /** Twelve fresh words: a phrase for a space of its own, `createSpace(app, { name, recovery: { phrase } })`. It is kept nowhere. */
  readonly newPhrase: () => Promise<string>
  /**
   * A phrase as parts for several people to keep, 21 words each: any `needed` of them give it back, fewer tell nothing of it. Parts of another
   * call do not fit to these.
   *
   * @throws KithError `bad-phrase`, `bad-value` (2 ≤ needed ≤ parts ≤ 16), `not-supported` where the platform has no secret sharing.
   */
  readonly splitPhrase: (phrase: string, options: SplitOptions) => Promise<string[]>
  /**
   * The phrase again, from as many parts as are needed, in any order.
   *
   * @throws KithError `bad-part`: `details.part` is the place (from 1) of one that is mistyped, of another set or there twice, `details.missing` how many
   * are still needed; `bad-value`, `protocol-version`, `not-supported`.
   */
  readonly joinPhrase: (parts: readonly string[]) => Promise<string>
  readonly profile: () => Promise<Profile | undefined>
  /** Name and picture, for those with whom this person shares a space. @throws KithError `too-large`, `bad-value`. */
  readonly setProfile: (profile: Profile) => Promise<void>
  /** Something to remember on all devices of the person that serve the app of it. */
  readonly settings: {
    readonly get: (name: string) => Promise<unknown>
    /** `value` is plain JSON. @throws KithError `bad-value`. */
    readonly set: (name: string, value: unknown) => Promise<void>
  }
}

/** What `Status` says of the person. */
export type PeopleStatus = {
  /** This device was revoked: it gets nothing new, and what it writes is not accepted. */
  readonly isRevoked: boolean
  /** Spaces in which a revoked device is yet to be cut off, and the like. */
  readonly tasksLeft: number
  readonly recovery: { readonly isConfirmed: boolean; readonly warning: string | undefined }
}
