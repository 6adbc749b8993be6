/** What a connection has opened, and what the verbs work on. */
import type { Clock, Verifying } from '@kith/core/ports'
import { type HubMessage, hasRight, type Right } from '@kith/core/wire'
import type { Access } from './access/access.ts'
import type { ChannelKeys } from '@kith/core/crypto/channel'
import type { FanOut, FanOutEvent } from './fan-out.ts'
import type { Carried, Carrier } from './forward/carrier.ts'
import type { Allowance } from './limits/allowance.ts'
import type { HubLimitOptions } from './limits/hub-limits.ts'
import type { Knocks } from './limits/knocks.ts'
import type { Meter } from './meter.ts'
import { type EntryStore, type LogName, toKey } from './store/entry-store.ts'
import type { HubIdentity } from './store/hub-storage.ts'
import type { Follower, Streams } from './streams.ts'
import type { Turns } from './turns.ts'

/** What all connections of a hub share. */
export type HubContext = {
  readonly identity: HubIdentity
  readonly crypto: Verifying
  readonly clock: Clock
  /** For those who come. */
  readonly turns: Turns
  /** For pieces of what is pulled. */
  readonly readTurns: Turns
  readonly random: (length: number) => Uint8Array
  readonly store: EntryStore
  readonly knocks: Knocks
  readonly access: Access
  readonly carrier: Carrier
  /** Takes a new log of anybody's into account; what is left of the rate of all together, 0 to 1. */
  readonly newLogs: { readonly add: () => void; readonly room: () => number }
  readonly fanOut: FanOut
  readonly limits: HubLimitOptions
  readonly meter: Meter
}

export type OpenLog = LogName & {
  /** A bit each. */
  rights: number
  /** How others hear this connection on this log, once it has said something; another on each log, so that logs are not linked by it. */
  name: Uint8Array | undefined
  /** By lane. */
  readonly followers: (Follower | undefined)[]
  readonly unsubscribe: () => void
}

/** What the verbs work on. */
export type Session = {
  readonly hub: HubContext
  /** For the fan-out; never leaves the hub. */
  readonly id: string
  readonly nonce: Uint8Array
  readonly allowance: Allowance
  readonly logs: Map<string, OpenLog>
  /** Logs by key that this connection has done work for. */
  readonly worked: Set<string>
  /** Resumption keys proven on this connection, in hexadecimal. */
  readonly resumptionKeys: Set<string>
  /** It is within a channel. */
  readonly isWrapped: boolean
  /** This hub was asked to show its key: a carrier is there, and only a channel may follow. */
  readonly isProven: () => boolean
  readonly proven: () => void
  /** From the next message on, all is within this channel. */
  readonly wrap: (keys: ChannelKeys) => void
  /** From the next message on, all is passed on. */
  readonly pipe: (carried: Carried) => void
  readonly streams: Streams
  readonly send: (message: HubMessage) => void
  /** The client has gone: nothing is to be opened for it any more. */
  readonly isClosed: () => boolean
  /** For what can only be a mistake in this program: ends this connection, never the hub. */
  readonly defect: (cause: unknown) => void
  /** Calls back for what others put or signal on a log. */
  readonly onEvent: (log: OpenLog, event: FanOutEvent) => void
}

/** The open log on which this connection has proven the right. */
export function logWithRight(session: Session, log: Uint8Array, right: Right): OpenLog | undefined {
  const found = session.logs.get(toKey(log))
  return found !== undefined && hasRight(found.rights, right) ? found : undefined
}

/** What is left of the rates of new logs, of this connection's neighbourhood or of all, whichever is less: 0 to 1. */
export function newLogRoom({ allowance, hub }: Session): number {
  return Math.min(allowance.room('newLogs'), hub.newLogs.room())
}

export function renewLeases({ hub }: Session, logs: readonly LogName[]): void {
  hub.store.touch(logs).catch(() => {
    // What could not be noted now is noted with the next use, or tomorrow.
  })
}
