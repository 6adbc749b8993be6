import type { KithError } from '../bytes/index.ts'

/** Opens message connections (binary WebSocket in Node and browsers, virtual in the simulator). */
export type Network = {
  /**
   * Starts connecting at once and returns the connection; what happens is told to `events`, never thrown.
   * After `closed`, no event comes. `hubKey` is of the hub that is meant, where that is known: only who carries connections needs it.
   */
  readonly connect: (url: string, events: ConnectionEvents, hubKey?: Uint8Array) => Connection
}

export type ConnectionEvents = {
  readonly opened: () => void
  /** One whole binary message. A message over the platform's limit ends the connection instead. */
  readonly received: (message: Uint8Array) => void
  /** Exactly once, also when connecting failed. `reason` is for people; `cause` where more is known than that the hub is not there. */
  readonly closed: (reason: string, cause?: KithError) => void
}

export type Connection = {
  /** Queues one binary message; does nothing once closed. */
  readonly send: (message: Uint8Array) => void
  /** Bytes queued and not yet handed to the operating system: for back-pressure. */
  readonly bufferedBytes: () => number
  readonly close: () => void
}
