/** For tests: hubs that carry, clients that are carried, and channels spoken frame by frame. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { toBase64Url } from '@kith/core/bytes'
import { channelPrologue, createFrameOpener, sealFrame, startHandshake } from '@kith/core/crypto/channel'
import { carried, connectHub, type HubConnection, type Isolation } from '@kith/core/sync'
import { type ClientMessage, clientMessageToFrame, frameToHubMessage, type HubMessage } from '@kith/core/wire'
import { createSeededCrypto } from '@kith/testing/simulation'
import { WebSocket } from 'ws'
import { type Hub, type HubOptions, startHub } from '../hub.ts'
import { nodeClock } from '../node-clock.ts'
import { nodeChannelling } from '../node-crypto.ts'
import { connectTestClient, type TestClient } from './client.ts'
import { testNetwork } from './network.ts'
import { type Meddle, startTap, type Tap } from './tap.ts'

export type Context = Pick<TestContext, 'after'>

export async function start(context: Context, options: Partial<HubOptions> = {}): Promise<Hub> {
  const hub = await startHub({ storage: ':memory:', ...options })
  context.after(() => hub.close())
  return hub
}

export const forwardTo = (...hubs: string[]): Pick<HubOptions, 'forward'> => ({ forward: { isPublic: false, hubs } })

export async function tap(context: Context, target: string, meddle: { up?: Meddle; down?: Meddle } = {}): Promise<Tap> {
  const made = await startTap(target, meddle)
  context.after(() => made.close())
  return made
}

export async function dial(context: Context, url: string): Promise<TestClient> {
  const client = await connectTestClient(url)
  context.after(() => client.close())
  return client
}

const crypto = createSeededCrypto('forward')

/** A client of `url`, whose connections go through `through`. */
export async function connectThrough(
  context: Context,
  through: string,
  url: string,
  key: Uint8Array | undefined,
  events: Partial<Parameters<typeof connectHub>[0]['events']> = {},
): Promise<HubConnection & { readonly ended: Promise<Error> }> {
  const isolation: Isolation = {
    through: [through],
    ...(key ? { hubKeys: { [url]: toBase64Url(key) } } : {}),
  }
  const platform = await carried({ network: testNetwork, crypto }, isolation)
  const ended = Promise.withResolvers<Error>()
  const connection = connectHub({
    url,
    ...platform,
    clock: nodeClock,
    events: { opened() {}, entries() {}, signal() {}, closed: ended.resolve, ...events },
  })
  context.after(() => connection.close())
  return { ...connection, ended: ended.promise }
}

/** A channel with a hub, frame by frame. */
export async function openChannel(context: Context, hub: Hub) {
  const socket = new WebSocket(hub.url, { perMessageDeflate: false })
  context.after(() => socket.terminate())
  const inbox: Uint8Array[] = []
  let taker: ((message: Uint8Array) => void) | undefined
  socket.on('message', (data: Buffer) => {
    const message = new Uint8Array(data)
    if (taker) taker(message)
    else inbox.push(message)
    taker = undefined
  })
  const take = (): Promise<Uint8Array> =>
    new Promise((resolve) => {
      const message = inbox.shift()
      if (message) resolve(message)
      else taker = resolve
    })
  frameToHubMessage(await take())
  const handshake = startHandshake(nodeChannelling, hub.key, channelPrologue('wrap'))
  socket.send(clientMessageToFrame({ type: 'channel', request: 1, purpose: 'wrap', handshake: handshake.message }))
  const answer = frameToHubMessage(await take())
  assert.ok(answer.type === 'channelled' && answer.results[0] && 'handshake' in answer.results[0])
  const keys = handshake.finish(answer.results[0].handshake)
  const open = createFrameOpener(keys.open)
  const next = async (): Promise<HubMessage> => {
    for (;;) {
      const frame = open(await take())
      if (frame) return frameToHubMessage(frame)
    }
  }
  const hello = await next()
  assert.ok(hello.type === 'hello')
  assert.deepEqual([hello.nonce, hello.hubKey], [keys.hash, hub.key])
  const say = (frame: Uint8Array): Promise<HubMessage> => {
    for (const piece of sealFrame(keys.seal, frame)) socket.send(piece)
    return next()
  }
  return {
    hello,
    socket,
    say,
    async ask(message: ClientMessage) {
      const said = await say(clientMessageToFrame(message))
      assert.ok('results' in said)
      return said
    },
  }
}
