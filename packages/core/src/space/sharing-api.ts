/** What sharing a space takes and gives: links, removals, publishing. */
import type { Member } from './api.ts'

export type InviteOptions = {
  readonly role: string
  /** How many may join by it; any number where it is not given. */
  readonly uses?: number
  readonly expires?: Date
}

export type Invite = {
  readonly id: string
  readonly role: string
  readonly rank: Member['rank']
  readonly uses: number | undefined
  /** How many have joined by it and are accepted. */
  readonly joins: number
  /** Several joined at once without knowing of each other: more than `uses`, until it is closed. */
  readonly isExceeded: boolean
  readonly expires: Date | undefined
  readonly isExpired: boolean
  /** The link's text, for whoever made it and for admins. */
  readonly link: string | undefined
}

export type RemovalOptions = {
  /**
   * What stays of what the person wrote: everything that is known here (the default), what it dated up to a time by its own clock, or
   * nothing. Show `previewRemoval` before anything but the default.
   */
  readonly keep?: 'everything' | 'nothing' | Date
}

export type RemovalByPhrase = {
  /**
   * The recovery phrase of the space, which alone removes an owner: that of whoever created it, or the one that it was made with. This person must be a
   * writer at least.
   */
  readonly phrase?: string
}

export type Removal = {
  /** Ids of links that ended with it, because the person made, used or could read them; offer to make fresh ones. */
  readonly closedInvites: readonly string[]
  /** The roles that those links gave. */
  readonly closedRoles: readonly string[]
}

export type RemovalPreview = {
  /** How many changes of content would have no effect any more. */
  readonly changes: number
  /** Writes in them by table. */
  readonly tables: Readonly<Record<string, number>>
  /** The first of them. */
  readonly named: readonly { readonly change: string; readonly time: Date }[]
  /** Others who would be out with the person, because they are members by its doing. */
  readonly members: readonly { readonly address: string; readonly name: string }[]
  readonly closedInvites: readonly string[]
}

export type PublishOptions = {
  /** What was written so far becomes readable too: for owners to decide. */
  readonly history?: boolean
}

export type PublishPreview = {
  /** Whose addresses everybody can read. */
  readonly members: readonly { readonly address: string; readonly name: string }[]
  /** Who was a member once stands in the record of who was let in by whom. */
  readonly formerMembers: readonly { readonly address: string; readonly name: string }[]
  /** What of the past becomes readable that is not yet. */
  readonly history: { readonly changes: number; readonly tables: Readonly<Record<string, number>> }
  /** Changes of the past that stay hidden. */
  readonly hiddenChanges: number
  /** All of this in words for a person. */
  readonly text: string
}
