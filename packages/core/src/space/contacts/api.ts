import type { Stop } from '../api.ts'

/** People one knows by their cards, and letters: invites and short messages that reach them while they are away. */
export type Contacts = {
  /**
   * Keeps a person by the card that it gave us. Adding a newer card of somebody known is how its hubs and keys are renewed.
   *
   * @throws KithError `bad-card`, `bad-signature`, `protocol-version`, `not-allowed` (ourselves, or blocked), `too-large`.
   */
  readonly add: (card: string) => Promise<Contact>
  readonly list: () => Promise<Contact[]>
  readonly liveList: (listener: (contacts: Contact[]) => void) => Stop
  /** What we call the person; nobody else learns it. @throws KithError `not-found`. */
  readonly rename: (address: string, name: string) => Promise<void>
  /** Forgets a person and its letters. It may knock again. */
  readonly remove: (address: string) => Promise<void>
  /** Nothing of this person is shown any more. It is not told. */
  readonly block: (address: string) => Promise<void>
  /** It is a stranger again. */
  readonly unblock: (address: string) => Promise<void>
  /**
   * Sends an invite, a message or both; resolves with the letter's id when it is durable here. It goes on its way when a hub of the
   * receiver can be reached, for 30 days.
   *
   * @throws KithError `not-found`, `bad-link`, `too-large` (a first letter, before the receiver has accepted us, holds less), `hub-unreachable` (the card names no hub that can be used).
   */
  readonly deliver: (
    address: string,
    letter: { readonly invite?: string; readonly message?: string },
  ) => Promise<string>
  /** Letters that no hub has taken yet. */
  readonly undelivered: () => Promise<number>
  /** Resolves when hubs have taken all letters, and what our own hubs have for us is here. @throws KithError `hub-unreachable` after `timeoutMs` (10 s). */
  readonly synced: (options?: { readonly timeoutMs?: number }) => Promise<void>
  /** First letters of strangers, the oldest first: 20 at most. */
  readonly requests: () => Promise<ReceivedLetter[]>
  readonly liveRequests: (listener: (requests: ReceivedLetter[]) => void) => Stop
  /** The sender becomes a contact, and may write to a mailbox of its own from now on. @throws KithError `not-found`, `too-large`. */
  readonly accept: (id: string) => Promise<Contact>
  /** Drops a request; the sender is not told, and may knock again. @throws KithError `not-found`. */
  readonly ignore: (id: string) => Promise<void>
  /** Letters of contacts, the oldest first. */
  readonly messages: () => Promise<ReceivedLetter[]>
  readonly liveMessages: (listener: (messages: ReceivedLetter[]) => void) => Stop
  /**
   * Makes our own boxes anew, as after a device was lost: contacts are told, and nobody who has the old keys reads what they write from then
   * on. Cards that were given out before reach us for 31 days more.
   */
  readonly renew: () => Promise<void>
  /** Drops a letter of a contact. @throws KithError `not-found`. */
  readonly dismiss: (id: string) => Promise<void>
}

export type Contact = {
  readonly address: string
  /** As we call it; at first as it calls itself. */
  readonly name: string
  readonly isBlocked: boolean
  /** It has accepted us, or we it: letters go to a mailbox that only the two know. */
  readonly isMutual: boolean
}

export type ReceivedLetter = {
  readonly id: string
  readonly from: { readonly address: string; readonly name: string }
  /** By the sender's clock. */
  readonly time: Date
  readonly invite: string | undefined
  readonly message: string | undefined
}
