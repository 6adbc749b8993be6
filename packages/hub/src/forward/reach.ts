/** A connection to a hub that has shown that it has the key which was named. */
import type { Socket } from 'node:net'
import { equalBytes, KithError } from '@kith/core/bytes'
import { channelPrologue, startHandshake } from '@kith/core/crypto/channel'
import { channelPieceBytesMax } from '@kith/core/limits'
import { clientMessageToFrame, frameToHubMessage, type HubMessage } from '@kith/core/wire'
import { WebSocket } from 'ws'
import { nodeChannelling } from '../node-crypto.ts'
import { createPublicLookup, createResolve, isPublicAddress, type Resolve } from './address.ts'
import type { ForwardTarget } from './options.ts'

/** The other end of what is carried. */
export type Reached = {
  readonly send: (piece: Uint8Array) => void
  readonly bufferedBytes: () => number
  readonly pause: () => void
  readonly resume: () => void
  readonly end: () => void
  /** Nothing comes before: once. `closed` comes at once if it has closed already. */
  readonly begin: (events: ReachedEvents) => void
}

export type ReachedEvents = {
  readonly received: (piece: Uint8Array) => void
  /** All that was sent is taken. */
  readonly drained: () => void
  readonly closed: () => void
}

/** Undefined if it cannot be reached in time, or is not the hub of this key: for whoever asks, that is one answer. */
export type Reach = (target: ForwardTarget, hubKey: Uint8Array) => Promise<Reached | undefined>

/** From the look-up of the name to the proof. */
const reachMsMax = 8_000

export function createReach(resolve: Resolve = createResolve()): Reach {
  return (target, hubKey) => reachHub(target, hubKey, resolve)
}

async function reachHub(
  { url, isListed }: ForwardTarget,
  hubKey: Uint8Array,
  resolve: Resolve,
): Promise<Reached | undefined> {
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    followRedirects: false,
    maxPayload: channelPieceBytesMax,
    handshakeTimeout: reachMsMax,
    autoPong: true,
    ...(isListed ? {} : { lookup: createPublicLookup(resolve) }),
  })
  const timer = setTimeout(() => socket.terminate(), reachMsMax)
  let raw: Socket | undefined
  let isClosed = false
  socket.on('error', () => socket.terminate())
  socket.once('close', () => {
    isClosed = true
  })
  socket.once('upgrade', (response) => {
    raw = response.socket
    raw.setKeepAlive(true, 60_000)
    raw.setNoDelay(true)
    // The look-up has decided this already; the address that is there in the end is what counts.
    if (!isListed && !isPublicAddress(raw.remoteAddress ?? '')) socket.terminate()
  })
  try {
    await prove(socket, hubKey)
  } catch (cause) {
    socket.terminate()
    if (cause instanceof KithError) return undefined
    throw cause
  } finally {
    clearTimeout(timer)
  }
  // What comes from here on is for the client.
  socket.pause()
  return {
    send: (piece) => socket.send(piece),
    bufferedBytes: () => socket.bufferedAmount,
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    end: () => socket.close(),
    begin({ received, drained, closed }) {
      socket.on('message', (data: Buffer, isBinary) => {
        if (isBinary) received(data)
        else socket.terminate()
      })
      raw?.on('drain', drained)
      if (isClosed) closed()
      else socket.once('close', closed)
      socket.resume()
    },
  }
}

/** Resolves when the other end has shown the key. Rejects with a KithError for all that it does wrong. */
async function prove(socket: WebSocket, hubKey: Uint8Array): Promise<void> {
  const next = createInbox(socket)
  const hello = await next()
  if (hello.type !== 'hello' || !equalBytes(hello.hubKey, hubKey)) throw notIt()
  const handshake = startHandshake(nodeChannelling, hubKey, channelPrologue('prove'))
  socket.send(clientMessageToFrame({ type: 'channel', request: 1, purpose: 'prove', handshake: handshake.message }))
  const answer = await next()
  if (answer.type !== 'channelled' || answer.request !== 1) throw notIt()
  const [result] = answer.results
  if (result === undefined || 'refused' in result) throw notIt()
  handshake.finish(result.handshake)
}

const notIt = (): KithError => new KithError('hub-lied', 'This is not the hub that was meant.')

/** One message after another; rejects where the connection ends or what comes is no message of a hub. */
function createInbox(socket: WebSocket): () => Promise<HubMessage> {
  const inbox: Buffer[] = []
  let taken: PromiseWithResolvers<Buffer> | undefined
  let isOver = false
  socket.on('message', hear)
  socket.once('close', end)
  function hear(data: Buffer): void {
    if (taken === undefined) inbox.push(data)
    else taken.resolve(data)
    taken = undefined
    // One is answered before the next is due: whoever sends more is no hub.
    if (inbox.length > 1) socket.terminate()
  }
  function end(): void {
    isOver = true
    taken?.reject(notIt())
  }
  let left = 2
  return async () => {
    taken = Promise.withResolvers()
    if (isOver) taken.reject(notIt())
    const waiting = inbox.shift()
    if (waiting !== undefined) taken.resolve(waiting)
    const { promise } = taken
    if (waiting !== undefined) taken = undefined
    const data = await promise
    left -= 1
    if (left === 0) socket.off('message', hear)
    return frameToHubMessage(data)
  }
}
