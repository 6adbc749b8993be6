/** Opens message connections (binary WebSocket in Node and browsers, virtual in the simulator). */
export type Network = {
  /**
   * Starts connecting at once and returns the connection; what happens is told to `events`, never thrown.
   * After `closed`, no event comes.
   */
  readonly connect: (url: string, events: ConnectionEvents) => Connection
}

export type ConnectionEvents = {
  readonly opened: () => void
  /** One whole binary message. A message over the platform's limit ends the connection instead. */
  readonly received: (message: Uint8Array) => void
  /** Exactly once, also when connecting failed. `reason` is for people. */
  readonly closed: (reason: string) => void
}

export type Connection = {
  /** Queues one binary message; does nothing once closed. */
  readonly send: (message: Uint8Array) => void
  /** Bytes queued and not yet handed to the operating system: for back-pressure. */
  readonly bufferedBytes: () => number
  readonly close: () => void
}
