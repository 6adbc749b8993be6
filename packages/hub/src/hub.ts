/** One hub: a database, a listening socket, and what connects them. */
import { createServer, type Server } from 'node:http'
import type { DatabaseSync } from 'node:sqlite'
import type { Cancel, Clock } from '@kith/core/ports'
import type { FanOut } from './fan-out.ts'
import { createHealth } from './health.ts'
import { defaultLimits, type HubLimitOptions } from './limits/hub-limits.ts'
import { listen } from './listen.ts'
import type { HubLog } from './log.ts'
import { nextTurn, nodeClock } from './node-clock.ts'
import { createHubService, type HubService, type HubServiceOptions } from './service.ts'
import { createSockets, type Sockets } from './sockets.ts'
import type { StoreTotals } from './store/entry-store.ts'
import { createLargeEntryFiles } from './store/large-entries.ts'
import { openFailure, openSqlite } from './store/sqlite-open.ts'

export type HubOptions = {
  /** 0: any free port. */
  readonly port?: number
  /** The local address to listen on; 127.0.0.1 unless given. */
  readonly host?: string
  /** The database file; ':memory:' forgets everything at the end. */
  readonly storage: string
  readonly limits?: Partial<HubLimitOptions>
  readonly log?: HubLog
  /** Tells each connection's address where a proxy of the operator's own stands before the hub: 'x-forwarded-for'. */
  readonly addressHeader?: string
  /** `GET /health` also tells sums over all logs; off, for they tell strangers how much a hub is used. */
  readonly publishTotals?: boolean
  readonly clock?: Clock
  readonly fanOut?: FanOut
}

export type Hub = {
  /** ws://host:port, as clients on this machine name it. */
  readonly url: string
  readonly port: number
  /** The hub's name: its X25519 public key, 32 bytes. */
  readonly key: Uint8Array
  readonly totals: () => Promise<StoreTotals & { readonly connections: number }>
  /** Drops what is due now; it also happens by itself each hour. Returns how many entries went. */
  readonly tidy: () => Promise<number>
  /** Says goodbye to all clients, writes everything down, and lets go of the file. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Silent connections go after one to two of these. */
const tidyConnectionsMs = 30_000
const tidyEntriesMs = 60 * 60 * 1000

/**
 * Starts a hub. Throws `KithError`: 'host-unavailable' and 'port-unavailable', before any file is made, 'storage-busy',
 * 'storage-damaged', 'storage-newer', 'storage-full' and 'storage-unavailable'.
 */
export async function startHub(options: HubOptions): Promise<Hub> {
  const limits = { ...defaultLimits, ...options.limits }
  const clock = options.clock ?? nodeClock
  const log = options.log ?? (() => {})
  const host = options.host ?? '127.0.0.1'
  const server = createServer()
  const port = await listen(server, host, options.port ?? 0)
  // From here to where the server knows what to do nothing waits, so no client can come in between.
  const { context, dropDue } = openService({ ...options, limits, log, clock }, server)
  const { identity, store } = context
  async function tidy(): Promise<number> {
    // Before anything expires.
    await sockets.renew()
    return dropDue()
  }
  const sockets = createSockets(context, options.addressHeader?.toLowerCase(), log)
  const health = createHealth(store, options.publishTotals ?? false)
  server.on('request', (request, response) => void health(request, response))
  server.on('upgrade', sockets.upgrade)
  const url = `ws://${hostInUrl(host)}:${port}`
  const stopTidying = tidyByItself(clock, sockets, tidy)
  log({ event: 'started', url })

  let closing: Promise<void> | undefined
  async function end(): Promise<void> {
    stopTidying()
    const stopped = new Promise((resolve) => server.close(resolve))
    // The group of puts that is open is committed and acknowledged first.
    await nextTurn(clock)
    await sockets.close()
    server.closeAllConnections()
    await stopped
    await store.close()
    log({ event: 'stopped' })
  }
  const close = () => {
    closing ??= end()
    return closing
  }
  return {
    url,
    port,
    key: identity.publicKey,
    totals: async () => ({ ...(await store.totals()), connections: sockets.count() }),
    tidy,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Beside the database: a copy of a hub is the copy of both. */
export function largeEntryFolder(storage: string): string {
  return `${storage}-entries`
}

/** Lets go of the port if it fails. */
function openService(options: Omit<HubServiceOptions, 'database'> & { storage: string }, server: Server): HubService {
  let database: DatabaseSync | undefined
  try {
    database = openSqlite(options.storage, options.limits?.storageBytesMax)
    const isFile = options.storage !== ':memory:'
    const largeEntries = isFile ? createLargeEntryFiles(largeEntryFolder(options.storage)) : undefined
    return createHubService({ largeEntries, ...options, database })
  } catch (cause) {
    server.close()
    database?.close()
    throw openFailure(options.storage, cause)
  }
}

/** One timer for the whole hub. */
function tidyByItself(clock: Clock, sockets: Sockets, dropDue: () => Promise<number>): Cancel {
  let cancel: Cancel
  let droppedAt = Number.NEGATIVE_INFINITY
  function tidy(): void {
    sockets.tidy()
    if (clock.monotonic() - droppedAt >= tidyEntriesMs) {
      droppedAt = clock.monotonic()
      void dropDue()
    }
    cancel = clock.after(tidyConnectionsMs, tidy)
  }
  cancel = clock.after(tidyConnectionsMs, tidy)
  return () => cancel()
}

/** What a client on this machine calls the address: all interfaces include loopback. */
function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}
