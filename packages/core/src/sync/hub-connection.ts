/**
 * The client's end of one connection to a hub: proofs, requests and answers, and checks of all that the hub sends. It ends when the
 * connection does; reconnecting is for whoever made it.
 */
import { equalBytes, KithError, toHex } from '../bytes/index.ts'
import { frameFillBytes, idsPerItemMax, pullsPerFrameMax, signalBytesMax } from '../limits/index.ts'
import type { Cancel, Clock, Network, Signing } from '../ports/index.ts'
import {
  type ClientMessage,
  clientMessageToFrame,
  type EntriesMessage,
  frameToHubMessage,
  type Hello,
  type HubMessage,
  type HubTerms,
  isRefusal,
  type Lane,
  type NumberedEntry,
  type Policy,
  type PullItem,
  type PullMode,
  type ResumeState,
  type Right,
  refusalToError,
  type StoredEntries,
} from '../wire/index.ts'
import { createMemberRequests, type MemberRequests } from './hub-connection-members.ts'
import { createOpener } from './hub-connection-open.ts'
import { createPayments, type HubPurse } from './hub-payments.ts'
import { createPuts, toStored } from './hub-connection-puts.ts'
import { createRequests } from './hub-connection-requests.ts'
import { checkHubUrl } from './hub-connection-url.ts'

export type HubConnectionOptions = {
  /** wss://…, or ws:// on this machine. */
  readonly url: string
  /** The X25519 key of the hub that is meant; another's hello ends the connection with 'hub-lied'. */
  readonly hubKey?: Uint8Array
  readonly network: Network
  readonly clock: Clock
  readonly crypto: Signing
  /** Kept from connection to connection, and changed in place: reopens hundreds of logs with one request. */
  readonly resume?: ResumeState
  /** Pays where the hub asks for tokens; without one it refuses. */
  readonly purse?: HubPurse | undefined
  readonly events: HubConnectionEvents
}

export type HubConnectionEvents = {
  /** The hub has said hello: it can be used. */
  readonly opened: (hello: Hello) => void
  /** Each entry's bytes match its id. Byte strings are views: copy what outlives the call for long. */
  readonly entries: (event: HubEntries) => void
  readonly signal: (event: { readonly log: Uint8Array; readonly from: Uint8Array; readonly bytes: Uint8Array }) => void
  /** 'hub-lied': an entry was left out because its bytes are not those of its id. The connection goes on. */
  readonly lied?: (error: KithError) => void
  /** Work that the hub asks for takes long, or is done. */
  readonly working?: () => void
  /** Exactly once, unless `connectHub` threw. Requests under way reject with the same error. No event comes after. */
  readonly closed: (reason: KithError) => void
}

export type HubEntries = {
  readonly log: Uint8Array
  readonly lane: Lane
  readonly generation: Uint8Array
  /** Ascending in `n`, for 'before' descending; `bytes` is empty if only ids were asked for. */
  readonly entries: readonly NumberedEntry[]
  /** Nothing further is in the lane in that direction (for 'ids': all that the hub has of them was sent). */
  readonly caughtUp: boolean
  /** The pull's limit was reached before its end. */
  readonly limitReached: boolean
  /** Number of the pull that asked, as `pull` returned it; 0 when pushed live. */
  readonly request: number
}

export type OpenWish = {
  readonly policy: Policy
  /** 32-byte Ed25519 seeds of the rights wanted; those that the policy leaves open need none. */
  readonly rights: readonly { readonly right: Right; readonly seed: Uint8Array }[]
  /** What is here of the log, to be followed from there if the hub has just that. Counts only where the log is opened by a ticket. */
  readonly known?: KnownLanes | undefined
}

/** Where a device stands in all lanes that it reads of a log, ascending; `id` of the entry `n`, empty where `n` is 0. */
export type KnownLanes = {
  readonly generation: Uint8Array
  readonly lanes: readonly { readonly lane: Lane; readonly n: number; readonly id: Uint8Array }[]
}

export type OpenedHubLog = {
  readonly log: Uint8Array
  readonly generation: Uint8Array
  readonly rights: readonly Right[]
  /** 'same': the hub has what is `known`, no more, and pushes what comes from now on. 'other': it has not got that, and has to be compared. 'unknown': pull. */
  readonly standing: 'same' | 'other' | 'unknown'
}

export type PullWish = {
  readonly log: Uint8Array
  readonly lane: Lane
  /** 'after' unless given; see `PullItem`. */
  readonly mode?: PullMode
  /** Of `n`; may only be left out where `n` is 0. */
  readonly generation?: Uint8Array
  readonly n?: number
  readonly limit?: number
  readonly follow?: boolean
  readonly idsOnly?: boolean
  readonly ids?: readonly Uint8Array[]
}

export type PullAccepted = { readonly request: number; readonly generation: Uint8Array; readonly news: boolean }

/** Per item errors are 'hub-refused' with `details.why`; everything rejects with the connection's end. */
export type HubConnection = MemberRequests & {
  readonly open: (wishes: readonly OpenWish[]) => Promise<(OpenedHubLog | KithError)[]>
  /** Resolves when all is on the hub's disk. `covers`: ids of tail entries whose changes these packs (lane 1) hold. */
  readonly put: (
    log: Uint8Array,
    lane: Lane,
    entries: readonly Uint8Array[],
    options?: { readonly covers?: readonly Uint8Array[] },
  ) => Promise<StoredEntries>
  /**
   * Resolves when the hub has accepted; entries come as events, which may come first. For each log without news, one
   * event without entries says that it is caught up. An empty list is a ping.
   */
  readonly pull: (wishes: readonly PullWish[]) => Promise<(PullAccepted | KithError)[]>
  /** To those who have the log open to read; `to` is a name as heard. */
  readonly signal: (log: Uint8Array, bytes: Uint8Array, to?: Uint8Array) => Promise<void>
  /** Drops entries after 30 days unless they are put again. Needs the admin right. */
  readonly trim: (log: Uint8Array, ids: readonly Uint8Array[]) => Promise<void>
  /** What the hub asks of who makes logs. */
  readonly terms: () => Promise<HubTerms>
  /** Milliseconds for which work for the hub has been under way; undefined while there is none. */
  readonly workingMs: () => number | undefined
  /** Not yet handed to the operating system. */
  readonly bufferedBytes: () => number
  /** The hub's clock now, milliseconds; undefined before its hello. */
  readonly hubTimeMs: () => number | undefined
  readonly sentBytes: () => number
  readonly receivedBytes: () => number
  /** Milliseconds from the last question to its answer, puts apart; undefined before the first. */
  readonly roundTripMs: () => number | undefined
  readonly close: () => void
}

/** How long a hub may take to say hello. */
const helloMsMax = 10_000

/** Throws 'insecure-url' and 'bad-link'; whatever happens later is told to `events`. */
export function connectHub(options: HubConnectionOptions): HubConnection {
  const { clock, crypto, events } = options
  checkHubUrl(options.url)
  const ready = Promise.withResolvers<Hello>()
  ready.promise.catch(() => {})
  let hello: Hello | undefined
  let helloAt = 0
  let isClosed = false
  let sentBytes = 0
  let receivedBytes = 0

  const connection = options.network.connect(
    options.url,
    {
      opened() {},
      received,
      closed: (reason, cause) =>
        end(cause ?? new KithError('hub-unreachable', `The hub cannot be reached: ${reason}. Work goes on offline.`)),
    },
    options.hubKey,
  )
  const cancelHello: Cancel = clock.after(helloMsMax, () => {
    if (hello === undefined) end(new KithError('hub-unreachable', 'The hub does not answer. Work goes on offline.'))
  })
  const requests = createRequests(clock, connection.bufferedBytes, () => {
    end(new KithError('hub-unreachable', 'The hub has gone silent. Work goes on offline.'))
  })
  const puts = createPuts(async (item) => {
    const result = await payments.paying(item.log, async () => {
      const { results } = await requests.ask('stored', 1, (request) => send({ type: 'put', request, puts: [item] }))
      return results[0]!
    })
    return toStored(result, item.entries.length)
  })
  const payments = createPayments({
    crypto,
    clock,
    requests,
    send,
    hello: () => hello,
    isClosed: () => isClosed,
    purse: options.purse,
    working: () => {
      if (!isClosed) events.working?.()
    },
  })
  const opener = createOpener({ crypto, requests, send, resume: options.resume })

  function send(message: ClientMessage): void {
    const frame = clientMessageToFrame(message)
    sentBytes += frame.length
    connection.send(frame)
  }

  function end(reason: KithError): void {
    if (isClosed) return
    isClosed = true
    cancelHello()
    connection.close()
    ready.reject(reason)
    requests.fail(reason)
    puts.fail(reason)
    events.closed(reason)
  }

  function received(frame: Uint8Array): void {
    if (isClosed) return
    receivedBytes += frame.length
    requests.heard()
    let message: HubMessage
    try {
      message = frameToHubMessage(frame)
      if ((hello === undefined) !== (message.type === 'hello') && message.type !== 'goodbye') {
        throw new KithError('bad-encoding', 'The hub does not begin with one hello. It is no hub, or damaged.')
      }
      if ('results' in message) requests.answered(message)
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      end(cause)
      return
    }
    heard(message)
  }

  function heard(message: HubMessage): void {
    switch (message.type) {
      case 'hello':
        greet(message)
        return
      case 'entries':
        hand(message)
        return
      case 'heard':
        if (opener.isOpen(message.log)) events.signal({ log: message.log, from: message.from, bytes: message.bytes })
        return
      case 'goodbye':
        end(refusalToError(message.why))
        return
      default:
      // Answers have found their requests already.
    }
  }

  function greet(message: Hello): void {
    if (options.hubKey !== undefined && !equalBytes(options.hubKey, message.hubKey)) {
      end(new KithError('hub-lied', 'Another hub answers at this URL than the one that is meant.'))
      return
    }
    hello = message
    helloAt = clock.monotonic()
    cancelHello()
    events.opened(message)
    ready.resolve(message)
  }

  function hand(message: EntriesMessage): void {
    const { log, lane, generation, request, state } = message
    // Of a log that we never opened: nothing that could be asked for by anybody.
    if (!opener.isOpen(log)) return
    const entries = message.entries.filter((entry) => isWhole(entry, request))
    events.entries({
      log,
      lane,
      generation,
      entries,
      request,
      caughtUp: state === 'caught-up',
      limitReached: state === 'limit',
    })
  }

  /** Pulls that asked for ids only, by request number: there alone an entry may come without bytes. */
  const idsOnlyPulls = new Set<number>()

  function isWhole(entry: NumberedEntry, request: number): boolean {
    if (entry.bytes.length === 0 && idsOnlyPulls.has(request)) return true
    if (equalBytes(crypto.sha256(entry.bytes), entry.id)) return true
    events.lied?.(
      new KithError('hub-lied', 'The hub sent an entry whose bytes are not those of its id. It was refused.', {
        n: entry.n,
        id: toHex(entry.id),
      }),
    )
    return false
  }

  function hubTimeMs(): number | undefined {
    return hello === undefined ? undefined : hello.timeMs + (clock.monotonic() - helloAt)
  }

  async function pullSome(items: readonly PullItem[]): Promise<(PullAccepted | KithError)[]> {
    let number = 0
    const asked = requests.ask('pulling', items.length, (request) => {
      number = request
      if (items.some((item) => item.idsOnly)) idsOnlyPulls.add(request)
      send({ type: 'pull', request, pulls: items })
    })
    const { results } = await asked
    return results.map((result, at) => {
      if (isRefusal(result)) return refusalToError(result)
      const { log, lane, mode } = items[at]!
      if (!result.news && mode !== 'stop' && !isClosed) {
        const { generation } = result
        events.entries({ log, lane, generation, entries: [], caughtUp: true, limitReached: false, request: number })
      }
      return { request: number, ...result }
    })
  }

  return {
    open: async (wishes) => opener.open(wishes, await ready.promise, () => hubTimeMs()!),
    async put(log, lane, entries, { covers = [] } = {}) {
      if (hello === undefined) await ready.promise
      return puts.put(log, lane, entries, covers)
    },
    async pull(wishes) {
      await ready.promise
      const groups = splitPulls(wishes.map(toPullItem))
      return (await Promise.all(groups.map(pullSome))).flat()
    },
    async signal(log, bytes, to) {
      // At once where it can be: a goodbye is said just before the connection is closed.
      if (hello === undefined) await ready.promise
      if (bytes.length > signalBytesMax)
        throw new KithError('too-large', `A signal holds at most ${signalBytesMax} bytes.`)
      const { results } = await requests.ask('done', 1, (request) =>
        send({ type: 'signal', request, signals: [{ log, to, bytes }] }),
      )
      if (isRefusal(results[0]!)) throw refusalToError(results[0])
    },
    async trim(log, ids) {
      await ready.promise
      for (let at = 0; at < ids.length; at += idsPerItemMax) {
        const some = ids.slice(at, at + idsPerItemMax)
        const { results } = await requests.ask('done', 1, (request) =>
          send({ type: 'trim', request, trims: [{ log, ids: some }] }),
        )
        if (isRefusal(results[0]!)) throw refusalToError(results[0])
      }
    },
    async terms() {
      await ready.promise
      return (await payments.terms([])).terms
    },
    ...createMemberRequests({ crypto, requests, send, greeted: ready.promise }),
    workingMs: payments.workingMs,
    bufferedBytes: connection.bufferedBytes,
    hubTimeMs,
    sentBytes: () => sentBytes,
    receivedBytes: () => receivedBytes,
    roundTripMs: requests.roundTripMs,
    close: () => end(new KithError('closed', 'The connection to the hub was closed.')),
  }
}

function toPullItem(wish: PullWish): PullItem {
  const { mode = 'after', n = 0, limit = 0, follow = false, idsOnly = false, ids = [] } = wish
  if (ids.length > idsPerItemMax)
    throw new KithError('too-large', `A pull names at most ${idsPerItemMax} ids. Split it.`)
  return { log: wish.log, lane: wish.lane, mode, generation: wish.generation, n, limit, follow, idsOnly, ids }
}

/** Frames that stay under the limits, by a bound on each item's bytes. An empty list is one empty frame: a ping. */
function splitPulls(items: readonly PullItem[]): PullItem[][] {
  const groups: PullItem[][] = [[]]
  let bytes = 0
  for (const item of items) {
    const size = 90 + 34 * item.ids.length
    const group = groups.at(-1)!
    if (group.length > 0 && (bytes + size > frameFillBytes || group.length >= pullsPerFrameMax)) {
      groups.push([item])
      bytes = size
    } else {
      group.push(item)
      bytes += size
    }
  }
  return groups
}
