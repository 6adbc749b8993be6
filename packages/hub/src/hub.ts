/** One hub: a database, a listening socket, and what connects them. */
import { createServer, type Server, type ServerOptions } from 'node:http'
import { resolve } from 'node:path'
import type { Cancel, Clock } from '@kith/core/ports'
import { createAcmeServer } from './acme/keeper.ts'
import type { AcmeOptions } from './acme/options.ts'
import type { Members } from './access/invite.ts'
import type { AccessOptions } from './access/options.ts'
import type { FanOut } from './fan-out.ts'
import { openSharedStorage, type SharedStorageOptions } from './cluster/shared-storage.ts'
import type { ForwardOptions } from './forward/options.ts'
import { createHealth } from './health.ts'
import { defaultLimits, type HubLimitOptions } from './limits/hub-limits.ts'
import { listen } from './listen.ts'
import type { HubLog } from './log.ts'
import { nextTurn, nodeClock } from './node-clock.ts'
import { random } from './node-crypto.ts'
import { createHubService, type HubService, type HubServiceOptions } from './service.ts'
import type { S3Options } from './s3/options.ts'
import { openS3Entries } from './s3/s3-entries.ts'
import { createSite } from './site.ts'
import { createSockets } from './sockets.ts'
import { createHistory } from './operator/history.ts'
import { type Operator, type OperatorOptions, type OperatorSources, startOperator } from './operator/operator.ts'
import { type Reading, readDisk } from './operator/reading.ts'
import type { EntryStore, StoreTotals } from './store/entry-store.ts'
import type { HubStorage } from './store/hub-storage.ts'
import { openSqliteStorage } from './store/sqlite-storage.ts'
import { createSecureServer, type SecureServer, type TlsFiles } from './tls.ts'

export type HubOptions = {
  /** 0: any free port. */
  readonly port?: number
  /** The local address to listen on; 127.0.0.1 unless given. */
  readonly host?: string
  /** The database file; ':memory:' forgets everything at the end. Or what this process shares with others of the same hub. */
  readonly storage: string | SharedStorageOptions
  /** Where large entries go; beside the database file, or into PostgreSQL, unless given. */
  readonly s3?: S3Options
  readonly limits?: Partial<HubLimitOptions>
  /** Who may make logs; everybody unless given. */
  readonly access?: Partial<AccessOptions>
  readonly log?: HubLog
  /** Tells each connection's address where a proxy of the operator's own stands before the hub: 'x-forwarded-for'. */
  readonly addressHeader?: string
  /** `GET /health` also tells sums over all logs; off, for they tell strangers how much a hub is used. */
  readonly publishTotals?: boolean
  /** Serves wss:// with this certificate. */
  readonly tls?: TlsFiles
  /** Serves wss:// with a certificate that it gets, and renews, by itself. */
  readonly acme?: AcmeOptions
  /** Serves the operator's page on a port of its own. */
  readonly operator?: OperatorOptions
  /** A folder of a built app, which is served beside the hub. Whoever serves an app decides what it does: its users have to trust this hub then. */
  readonly site?: string
  /** To which other hubs this one carries connections, so that those do not see its clients' addresses; to none unless given. */
  readonly forward?: ForwardOptions
  readonly clock?: Clock
  readonly fanOut?: FanOut
}

export type Hub = {
  /** ws://host:port, as clients on this machine name it. */
  readonly url: string
  readonly port: number
  /** The hub's name: its X25519 public key, 32 bytes. */
  readonly key: Uint8Array
  /** Where the operator's page is, if there is one. */
  readonly operatorUrl: string | undefined
  /** Invites and takes away: for hubs that are not open to all. */
  readonly members: Members
  /** Copies the hub to a folder while it runs; `restoreStorage` makes a hub of that. */
  readonly backup: (folder: string) => Promise<void>
  readonly totals: () => Promise<StoreTotals & { readonly connections: number }>
  /** Drops what is due now; it also happens by itself each hour. Returns how many entries went. */
  readonly tidy: () => Promise<number>
  /** Says goodbye to all clients, writes everything down, and lets go of the file. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

/** Sockets beside those of clients: for asking how the hub is, and for being told that it is full. */
const spareSockets = 1024

/** Silent connections go after one to two of these. */
const tidyConnectionsMs = 30_000
const tidyEntriesMs = 60 * 60 * 1000

/**
 * Starts a hub. Throws `KithError`: 'bad-value' (settings of a certificate), 'host-unavailable', 'port-unavailable' and 'not-found' (the site), before any file is made, 'storage-busy',
 * 'storage-damaged', 'storage-newer', 'storage-full' and 'storage-unavailable'.
 */
export async function startHub(options: HubOptions): Promise<Hub> {
  const limits = { ...defaultLimits, ...options.limits }
  const clock = options.clock ?? nodeClock
  const log = options.log ?? (() => {})
  const host = options.host ?? '127.0.0.1'
  const site = options.site === undefined ? undefined : createSite(options.site, clock.monotonic)
  // For sockets that never ask for anything, and those that never end asking.
  const patience = {
    headersTimeout: limits.requestMsMax,
    requestTimeout: limits.requestMsMax,
    connectionsCheckingInterval: Math.ceil(limits.requestMsMax / 2),
  }
  const secure = createSecure(options, patience, clock, log)
  const server = secure?.server ?? createServer(patience)
  server.maxConnections = limits.connectionsMax + spareSockets
  // A database elsewhere is asked first, for that takes a while.
  const far = options.s3 === undefined ? undefined : await openS3Entries(options.s3, clock, log)
  const shared = isShared(options.storage)
    ? await openSharedStorage(options.storage, random, clock, log, far)
    : undefined
  const port = await listen(server, host, options.port ?? 0).catch(async (cause) => {
    await shared?.close()
    throw cause
  })
  // From here to where the server knows what to do nothing waits, so no client can come in between.
  const file = isShared(options.storage) ? undefined : options.storage
  const open = () => shared ?? openSqliteStorage(file!, limits.storageBytesMax, far)
  const { context, members, dropDue, backup } = startService({ ...options, limits, log, clock }, open, server)
  const { identity, store } = context
  /** One at a time, leases and all: whoever comes while it goes on is told what it dropped. */
  let tidying: Promise<number> | undefined
  function tidy(): Promise<number> {
    // Before anything expires.
    tidying ??= sockets
      .renew()
      .then(dropDue)
      .finally(() => (tidying = undefined))
    return tidying
  }
  const sockets = createSockets(context, options.addressHeader?.toLowerCase(), log)
  const health = createHealth(store, options.publishTotals ?? false)
  server.on('request', (request, response) => {
    if (site !== undefined && request.url !== '/health') site(request, response)
    else void health(request, response)
  })
  server.on('upgrade', sockets.upgrade)
  const url = `${secure === undefined ? 'ws' : 'wss'}://${hostInUrl(host)}:${port}`
  const history = createHistory()
  const startedAt = clock.monotonic()
  const read = async (): Promise<Reading> => ({
    atMs: clock.now(),
    ...(await readTotals(store)),
    access: context.access.mode,
    members: await countMembers(members),
    connections: sockets.count(),
    counts: context.meter.read(),
    isLargeAway: store.isLargeAway(),
    isFanOutConnected: context.fanOut.isConnected?.(),
    disk: readDisk(file),
    memoryBytes: process.memoryUsage.rss(),
    upSeconds: (clock.monotonic() - startedAt) / 1000,
  })
  const copyTo = (folder: string) => (file === undefined ? store.snapshot(async () => {}) : backup(file, folder))
  const operator = await startOperatorOf(options, {
    read,
    history,
    members,
    async backup() {
      await copyTo(`${file}-backup`)
      return resolve(`${file}-backup`)
    },
  }).catch(async (cause) => {
    server.close()
    await store.close()
    throw cause
  })
  const stopTidying = tidyByItself(clock, tidy, async () => {
    sockets.tidy()
    if (operator !== undefined) history.add(await read())
    const problem = secure?.renew()
    if (problem !== undefined) log({ event: 'certificate-failed', message: problem })
  })
  // The first key takes a second to make: nobody shall wait for it.
  void context.access.terms().catch(() => {})

  let closing: Promise<void> | undefined
  async function end(): Promise<void> {
    stopTidying()
    await operator?.close()
    const stopped = new Promise((done) => server.close(done))
    // What was put is on the disk and acknowledged first.
    await nextTurn(clock)
    await store.settled()
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
  // The hub serves already: it does not wait for S3, and ends if that can never be what it should.
  await far?.check().catch(async (cause) => {
    await close()
    throw cause
  })
  log({ event: 'started', url })
  if (options.acme !== undefined) secure?.renew()
  return {
    url,
    port,
    key: identity.publicKey,
    operatorUrl: operator?.url,
    members,
    backup: copyTo,
    totals: async () => ({ ...(await store.totals()), connections: sockets.count() }),
    tidy,
    close,
    [Symbol.asyncDispose]: close,
  }
}

function createSecure(
  { tls, acme }: HubOptions,
  options: ServerOptions,
  clock: Clock,
  log: HubLog,
): SecureServer | undefined {
  if (acme !== undefined) return createAcmeServer(acme, options, { clock, log })
  return tls === undefined ? undefined : createSecureServer(tls, options)
}

const isShared = (storage: HubOptions['storage']): storage is SharedStorageOptions => typeof storage !== 'string'

/** Lets go of the port if it fails. */
function startService(options: Omit<HubServiceOptions, 'storage'>, open: () => HubStorage, server: Server): HubService {
  try {
    return createHubService({ ...options, storage: open() })
  } catch (cause) {
    server.close()
    throw cause
  }
}

async function readTotals(store: EntryStore): Promise<Pick<Reading, 'health' | 'totals'>> {
  try {
    return { health: 'ok', totals: await store.totals() }
  } catch {
    return { health: 'storage fails', totals: { logs: 0, entries: 0, bytes: 0 } }
  }
}

async function countMembers(members: Members): Promise<Reading['members']> {
  const rows = await members.list().catch(() => [])
  const joined = rows.filter(({ isJoined }) => isJoined).length
  return { joined, invited: rows.length - joined }
}

async function startOperatorOf(options: HubOptions, sources: OperatorSources): Promise<Operator | undefined> {
  return options.operator === undefined ? undefined : startOperator(options.operator, sources)
}

/** One timer for the whole hub. */
function tidyByItself(clock: Clock, dropDue: () => Promise<number>, look: () => Promise<void>): Cancel {
  let cancel: Cancel
  let droppedAt = Number.NEGATIVE_INFINITY
  function tidy(): void {
    void look()
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
