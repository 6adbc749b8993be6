/** One client's connection: reads its messages one after another, and holds what it has opened. */
import { KithError } from '@kith/core/bytes'
import {
  type ClientMessage,
  frameToClientMessage,
  type HubMessage,
  hubMessageToFrame,
  protocolVersion,
  type Refusal,
  refusal,
} from '@kith/core/wire'
import type { FanOutEvent } from './fan-out.ts'
import type { Allowance } from './limits/allowance.ts'
import { toWireLimits } from './limits/hub-limits.ts'
import { type HubContext, type OpenLog, renewLeases, type Session } from './session.ts'
import { createPipe } from './forward/pipe.ts'
import { createWrapped } from './forward/wrapped.ts'
import { toKey } from './store/entry-store.ts'
import { createStreams } from './streams.ts'
import { handleCarry } from './verbs/carry.ts'
import { handleChannel } from './verbs/channel.ts'
import { handleIssue } from './verbs/issue.ts'
import { handleJoin } from './verbs/join.ts'
import { handleOpen } from './verbs/open.ts'
import { handlePay } from './verbs/pay.ts'
import { handlePull } from './verbs/pull.ts'
import { handlePut } from './verbs/put.ts'
import { handleResume } from './verbs/resume.ts'
import { handleSignal } from './verbs/signal.ts'
import { handleTerms } from './verbs/terms.ts'
import { handleTrim } from './verbs/trim.ts'

/** The socket as a connection sees it. */
export type Channel = {
  readonly send: (frame: Uint8Array) => void
  /** Bytes that the client has not taken yet. */
  readonly bufferedBytes: () => number
  readonly pause: () => void
  readonly resume: () => void
  /** Ends the connection once what was sent is out. */
  readonly end: () => void
}

export type Connection = {
  readonly receive: (frame: Uint8Array) => void
  /** The client has taken all that was sent. */
  readonly drained: () => void
  readonly goodbye: (why: Refusal) => void
  /** The socket is gone. */
  readonly closed: () => void
  readonly hasOpened: () => boolean
  /** What it has open is in use today too. */
  readonly renew: () => void
}

/** Above this a client is slow: its followers fall back to reading from the store, and its requests wait. */
const congestedBytes = 1024 * 1024

/** Frames, and their bytes, that wait for their turn before the socket is no longer read. */
const queuedFramesMax = 64
const queuedBytesMax = 2 * 1024 * 1024

export function createConnection(
  hub: HubContext,
  channel: Channel,
  allowance: Allowance,
  defect: (cause: unknown) => void,
  /** Of the channel that it is within. */
  channelHash?: Uint8Array,
): Connection {
  const queue: Uint8Array[] = []
  let queuedBytes = 0
  let isBusy = false
  let isClosed = false
  let isPaused = false
  let isProven = false
  /** What this connection has become: the protocol within a channel, or a pipe to another hub. */
  let next: Connection | undefined

  const isCongested = () => channel.bufferedBytes() > congestedBytes
  const send = (message: HubMessage) => {
    if (isClosed) return
    hub.meter.sent(message)
    channel.send(hubMessageToFrame(message))
  }
  const client = { isCongested, isClosed: () => isClosed, send, refuse: goodbye, defect }
  const streams = createStreams(hub.store, hub.readTurns, client, hub.clock)
  const session: Session = {
    hub,
    id: toKey(hub.random(16)),
    nonce: channelHash ?? hub.random(32),
    allowance,
    logs: new Map(),
    worked: new Set(),
    resumptionKeys: new Set(),
    isWrapped: channelHash !== undefined,
    isProven: () => isProven,
    proven() {
      isProven = true
    },
    wrap: (keys) =>
      become(createWrapped(channel, keys, (within) => createConnection(hub, within, allowance, defect, keys.hash))),
    pipe: ({ reached, leave }) => become(createPipe(hub, channel, reached, allowance, leave)),
    streams,
    send,
    isClosed: () => isClosed,
    defect,
    onEvent,
  }

  function onEvent(log: OpenLog, event: FanOutEvent): void {
    if (isClosed) return
    if (event.kind === 'signal') {
      const isForUs = event.to === undefined || (log.name !== undefined && event.to === toKey(log.name))
      // A signal is of the moment: one who does not keep up misses it.
      if (isForUs && event.from !== session.id && !isCongested()) channel.send(event.frame)
      return
    }
    const follower = log.followers[event.lane]
    if (follower === undefined) return
    if (event.kind === 'news') {
      streams.news(follower, event.last)
      return
    }
    if (!streams.isNext(follower, event, session.id)) return
    hub.meter.add('entriesSent', event.last - event.first + 1)
    channel.send(event.frame)
  }

  function become(other: Connection): void {
    next = other
    // It decides for itself when the socket is read.
    if (isPaused) channel.resume()
    isPaused = false
    queuedBytes = 0
    for (const frame of queue.splice(0)) other.receive(frame)
  }

  async function work(): Promise<void> {
    isBusy = true
    try {
      for (;;) {
        // Empty also once closed.
        const frame = queue.shift()
        if (frame === undefined) break
        queuedBytes -= frame.length
        const message = frameToClientMessage(frame)
        // A carrier passes nothing on that it could read.
        if (isProven && message.type !== 'channel') goodbye(refusal('refused'))
        else await handle(session, message)
      }
    } catch (cause) {
      if (cause instanceof KithError) goodbye(refusal(cause.code === 'too-large' ? 'too-large' : 'bad-encoding'))
      else defect(cause)
    } finally {
      isBusy = false
      steady()
    }
  }

  /** Reads from the socket only while the client takes our answers and we keep up with its requests. */
  function steady(): void {
    if (next !== undefined) return
    const isFull = queue.length > queuedFramesMax || queuedBytes > queuedBytesMax || isCongested()
    if (isFull === isPaused || isClosed) return
    isPaused = isFull
    if (isFull) channel.pause()
    else channel.resume()
  }

  function goodbye(why: Refusal): void {
    if (next !== undefined) {
      next.goodbye(why)
      return
    }
    if (isClosed) return
    send({ type: 'goodbye', why })
    closed()
    // The client's half of the farewell must be read.
    if (isPaused) channel.resume()
    channel.end()
  }

  function closed(): void {
    next?.closed()
    if (isClosed) return
    isClosed = true
    queue.length = 0
    for (const log of session.logs.values()) log.unsubscribe()
    allowance.closeLogs(session.logs.size)
    session.logs.clear()
    streams.close()
  }

  send({
    type: 'hello',
    version: protocolVersion,
    hubKey: hub.identity.publicKey,
    nonce: session.nonce,
    timeMs: hub.clock.now(),
    limits: toWireLimits(hub.limits),
  })

  return {
    receive(frame) {
      if (next !== undefined) {
        next.receive(frame)
        return
      }
      if (isClosed) return
      queue.push(frame)
      queuedBytes += frame.length
      if (isBusy) steady()
      else void work()
    },
    drained() {
      if (next !== undefined) {
        next.drained()
        return
      }
      steady()
      streams.drained()
    },
    goodbye,
    closed,
    hasOpened: () => next?.hasOpened() ?? session.logs.size > 0,
    renew() {
      next?.renew()
      renewLeases(session, [...session.logs.values()])
    },
  }
}

async function handle(session: Session, message: ClientMessage): Promise<void> {
  switch (message.type) {
    case 'open':
      return handleOpen(session, message)
    case 'resume':
      return handleResume(session, message)
    case 'put':
      return handlePut(session, message)
    case 'pull':
      return handlePull(session, message)
    case 'signal':
      return handleSignal(session, message)
    case 'trim':
      return handleTrim(session, message)
    case 'terms':
      return handleTerms(session, message)
    case 'join':
      return handleJoin(session, message)
    case 'issue':
      return handleIssue(session, message)
    case 'pay':
      return handlePay(session, message)
    case 'channel':
      return handleChannel(session, message)
    case 'carry':
      return handleCarry(session, message)
  }
}
