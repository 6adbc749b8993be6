/** NATS between the processes of a hub: a subject for each log that somebody has open. Plain NATS; nothing is kept there. */
import { KithError } from '@kith/core/bytes'
import type { Clock } from '@kith/core/ports'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Transport } from './shared-fan-out.ts'

export type NatsEvents = {
  /** It is there, for the first time or again. */
  readonly connected: () => void
  readonly disconnected: () => void
}

const reconnectMs = 500

/** One address or several, with commas between. */
export function checkNatsUrl(url: string): void {
  const parts = url.split(',').map((part) => part.trim())
  if (!parts.every((part) => /^(nats|tls):\/\/[^\s/]+\/?$/.test(part) && URL.canParse(part)))
    throw new KithError(
      'bad-value',
      'NATS is given as nats://user:password@host:port, or tls://…; several with commas.',
    )
}

/**
 * Connects in the background and for ever: a hub serves without NATS too, only later. `hubName` keeps hubs apart that share one NATS.
 *
 * @throws KithError `bad-value` for what is no address.
 */
export async function createNatsTransport(
  url: string,
  hubName: string,
  clock: Pick<Clock, 'after'>,
  events: NatsEvents,
): Promise<Transport> {
  checkNatsUrl(url)
  // Loaded only by a hub that is asked to use it.
  const { connect } = await import('@nats-io/transport-node')
  let connection: NatsConnection | undefined
  let isConnected = false
  let isClosed = false
  /** Of logs that were opened before the first connection. */
  const early = new Map<object, () => void>()
  const subjectOf = (logKey: string): string => `kith.${hubName}.${logKey}`

  const settings = {
    ...urlToServers(url),
    name: 'kith-hub',
    // What we publish has reached our own connections already.
    noEcho: true,
    timeout: 5000,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectTimeWait: reconnectMs,
    reconnectJitter: reconnectMs,
    pingInterval: 5000,
    maxPingOut: 2,
  }

  async function join(): Promise<void> {
    try {
      connection = await connect(settings)
    } catch {
      // Not there, or it refuses the password: the hub goes on without, and says so in what it measures.
      if (!isClosed) clock.after(reconnectMs, () => void join())
      return
    }
    if (isClosed) {
      await connection.close()
      return
    }
    for (const subscribe of early.values()) subscribe()
    early.clear()
    turn(true)
    for await (const { type } of connection.status()) {
      if (type === 'reconnect') turn(true)
      else if (type === 'disconnect' || type === 'staleConnection') turn(false)
    }
  }
  void join()

  function turn(now: boolean): void {
    if (now === isConnected || isClosed) return
    isConnected = now
    if (now) events.connected()
    else events.disconnected()
  }

  return {
    isConnected: () => isConnected,
    payloadBytesMax: () => connection?.info?.max_payload ?? 0,
    publish: (logKey, bytes) => connection?.publish(subjectOf(logKey), bytes),
    subscribe(logKey, listener) {
      let leave = (): void => {}
      const token = {}
      const join = (): void => {
        const subscription = connection!.subscribe(subjectOf(logKey), {
          callback: (error, message) => {
            if (error === null) listener(message.data)
          },
        })
        leave = () => subscription.unsubscribe()
      }
      if (connection === undefined) early.set(token, join)
      else join()
      return () => {
        early.delete(token)
        leave()
      }
    },
    async close() {
      isClosed = true
      isConnected = false
      await connection?.close().catch(() => {})
    },
  }
}

/** Undefined if it answers. @throws KithError `bad-value` for what is no address. */
export async function natsProblem(url: string): Promise<string | undefined> {
  checkNatsUrl(url)
  const { connect } = await import('@nats-io/transport-node')
  try {
    const connection = await connect({ ...urlToServers(url), reconnect: false, timeout: 5000 })
    await connection.close()
    return undefined
  } catch (cause) {
    return cause instanceof Error ? cause.name : 'no answer'
  }
}

/** The driver takes user and password apart from the address. */
function urlToServers(url: string) {
  const parts = url.split(',').map((part) => new URL(part.trim().replace(/^(nats|tls):/, 'http:')))
  const [first] = parts
  const [user, pass] = [decodeURIComponent(first!.username), decodeURIComponent(first!.password)]
  return {
    servers: parts.map(({ hostname, port }) => `${hostname}:${port === '' ? 4222 : port}`),
    ...(user === '' ? {} : pass === '' ? { token: user } : { user, pass }),
    ...(url.includes('tls://') ? { tls: {} } : {}),
  }
}
