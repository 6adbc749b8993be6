import type { Stop } from '../api.ts'

/** Somebody who has the space open: one tab or program of a member, or of one's own. */
export type Peer<State extends object = Record<string, unknown>> = {
  /** Of this session, the same at everybody's; nobody can take another's. */
  readonly id: string
  readonly address: string
  /** As the person is called in the space. */
  readonly name: string
  /** What it shows of itself, empty at first. A member's program may show anything: check it. */
  readonly state: Partial<State>
  /** When it came, by its own clock. */
  readonly since: Date
}

/** To be in a space and to be seen there. Nothing of it is stored. */
export type Presence<State extends object = Record<string, unknown>> = {
  /** Under which the others see this one. */
  readonly id: string
  /**
   * What the others see of us from now on. Keys that are not given stay as they were; `undefined` takes one away. Others get the newest, at
   * most about ten times a second; who is offline is not seen. All of it together is JSON of at most 4 KiB.
   *
   * @throws KithError `bad-value` (not JSON), `too-large`, `closed`.
   */
  readonly set: (state: StatePart<State>) => Promise<void>
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

export type StatePart<State> = { readonly [Key in keyof State]?: State[Key] | undefined }

export type PresenceOptions = {
  /** 16 random bytes that name this one among those of this device; for one that goes on after a restart, the same as before. */
  readonly session?: Uint8Array
}
