import { entryBytesMax, frameBytesMax, logsPerOpenMax } from '@kith/core/limits'
import type { HubLimits } from '@kith/core/wire'

/** What one hub takes. Rates are token buckets: `burst` at once, `perSecond` refilled. */
export type HubLimitOptions = {
  readonly logBytesMax: number
  readonly logEntriesMax: number
  readonly logsPerConnectionMax: number
  /** A mailbox: what one contact may leave there until its owner comes. */
  readonly mailboxBytesMax: number
  readonly mailboxEntriesMax: number
  /** Entries of a knock box; beyond, the oldest of whoever has the most there goes. */
  readonly knockEntriesMax: number
  /** Knocks on one box from one address prefix. */
  readonly knocks: Rate
  /** A location log keeps its last entries, each of so many bytes. */
  readonly locationEntriesMax: number
  readonly locationBytesMax: number
  /** Days of the hub's running after which a log goes that nobody has opened. */
  readonly leaseDays: number
  /** Days that an entry lies in a mailbox or knock box. */
  readonly letterDays: number
  readonly connectionsMax: number
  readonly connectionsPerPrefixMax: number
  /** For the request that a connection begins with, whole. */
  readonly requestMsMax: number
  /** Logs that the connections of one address prefix have open together. */
  readonly openLogsPerPrefixMax: number
  /** Connections that are carried to other hubs: together, and of one address prefix. */
  readonly carriedMax: number
  readonly carriedPerPrefixMax: number
  /** The whole database file; undefined: as large as the disk allows. */
  readonly storageBytesMax: number | undefined
  readonly perConnection: RateLimits
  /** New logs of all together, before they cost work. */
  readonly newLogs: Rate
  /** For all connections of one address prefix (IPv4 /24, IPv6 /48) together. */
  readonly perPrefix: RateLimits
}

export type RateLimits = {
  /** Requests, each item of a list counted. */
  readonly requests: Rate
  /** Entries put, and their bytes. */
  readonly entries: Rate
  readonly putBytes: Rate
  /** Logs that come to be: each is a row that stays for `leaseDays`. */
  readonly newLogs: Rate
  /** Signatures to check: the dearest thing that a stranger can ask of a hub (0.12 ms each). */
  readonly proofs: Rate
  readonly signals: Rate
  /** Asking to be carried: each is a connection that this hub makes. */
  readonly carries: Rate
  /** Both ways, of what is carried. */
  readonly carriedBytes: Rate
}

export type Rate = { readonly burst: number; readonly perSecond: number }

const mebibyte = 1024 * 1024

const perConnection: RateLimits = {
  requests: { burst: 100_000, perSecond: 10_000 },
  entries: { burst: 100_000, perSecond: 10_000 },
  putBytes: { burst: 256 * mebibyte, perSecond: 32 * mebibyte },
  // A new device of somebody with a thousand spaces; then two a second.
  newLogs: { burst: 2_000, perSecond: 2 },
  proofs: { burst: 4_096, perSecond: 200 },
  signals: { burst: 10_000, perSecond: 1_000 },
  // One for each connection that works; more where the other hub cannot be reached.
  carries: { burst: 16, perSecond: 0.2 },
  // A quarter of what a hub takes directly: it is the operator's line that pays twice.
  carriedBytes: { burst: 64 * mebibyte, perSecond: 8 * mebibyte },
}

/** A household behind one address works like four busy devices at once; a co-op's hub raises this. */
function scaled(rates: RateLimits, factor: number): RateLimits {
  const entries = Object.entries(rates) as [keyof RateLimits, Rate][]
  return Object.fromEntries(
    entries.map(([name, rate]) => [name, { burst: rate.burst * factor, perSecond: rate.perSecond * factor }]),
  ) as RateLimits
}

export const defaultLimits: HubLimitOptions = {
  // A family's chat and files for years; larger spaces split their media into logs of their own.
  logBytesMax: 4096 * mebibyte,
  logEntriesMax: 4_000_000,
  logsPerConnectionMax: 8_192,
  mailboxBytesMax: 16 * mebibyte,
  mailboxEntriesMax: 4_096,
  // 512 KiB a box.
  knockEntriesMax: 256,
  // Five people of one household who all got a card at once; then one each six minutes.
  knocks: { burst: 5, perSecond: 10 / 3600 },
  locationEntriesMax: 4,
  // A few addresses and a signature, sealed and padded.
  locationBytesMax: 2048,
  // Whoever comes back within a year finds everything; after it, whoever comes first brings what they have.
  leaseDays: 365,
  // Receivers refuse older letters (core: `letterAgeMsMax`).
  letterDays: 30,
  // 7 KB a connection: 140 MB.
  connectionsMax: 20_000,
  connectionsPerPrefixMax: 512,
  requestMsMax: 10_000,
  // 1 KB each: 100 MB of the hub's memory for one neighbourhood; 500 people with 200 logs.
  openLogsPerPrefixMax: 100_000,
  // Two sockets each: 20 MB, and as many descriptors.
  carriedMax: 1_000,
  // A household with a connection for each of its spaces.
  carriedPerPrefixMax: 64,
  storageBytesMax: undefined,
  // A hub of a million, on a busy day.
  newLogs: { burst: 200_000, perSecond: 100 },
  perConnection,
  perPrefix: scaled(perConnection, 4),
}

export function toWireLimits(limits: HubLimitOptions): HubLimits {
  return {
    frameBytesMax,
    entryBytesMax,
    logsPerOpenMax,
    logsPerConnectionMax: limits.logsPerConnectionMax,
    logBytesMax: limits.logBytesMax,
    logEntriesMax: limits.logEntriesMax,
  }
}
