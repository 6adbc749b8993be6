import type { Stop } from '../api.ts'

/** Somebody who has the space open: one tab or program of a member, or of one's own. */
export type Peer<State> = {
  /** Of this session, the same at everybody's; nobody can take another's. */
  readonly id: string
  readonly address: string
  /** As the person is called in the space. */
  readonly name: string
  /** As the peer set it last; undefined before it has set any. Members are trusted with it no more than with rows: check it. */
  readonly state: State | undefined
  /** When it came, by its own clock. */
  readonly since: Date
}

/** To be in a space and to be seen there. Nothing of it is stored. */
export type Presence<State> = {
  /** Under which the others see this one. */
  readonly id: string
  /**
   * What the others see of us from now on: at most about ten times a second, and the newest only. JSON of at most 4 KiB. Resolves when it
   * is on its way; who is offline is not seen.
   *
   * @throws KithError `bad-value` (not JSON), `too-large`.
   */
  readonly set: (state: State) => Promise<void>
  /** Everybody else, one's own other tabs and devices too: first who came first. */
  readonly others: () => Promise<Peer<State>[]>
  /** The same now and after each change, at most once a frame; who did not change is the same object. Iterates without a listener. */
  readonly live: {
    (listener: (others: Peer<State>[]) => void): Stop
    (): AsyncIterable<Peer<State>[]>
  }
  /** The others see at once that we are gone; who ends without it is gone after 30 s. */
  readonly close: () => Promise<void>
}

export type PresenceOptions = {
  /** The `id` of a presence that ended without `close` and goes on here: the others see one and the same. */
  readonly resume?: string
}
