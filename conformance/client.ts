/** A client that speaks the protocol frame by frame, waits for nothing longer than it is told, and remembers every frame. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { toHex } from '@kith/core/bytes'
import {
  channelPrologue,
  createFrameOpener,
  type Initiator,
  sealFrame,
  startHandshake,
} from '@kith/core/crypto/channel'
import {
  type ClientMessage,
  clientMessageToFrame,
  type Done,
  frameToHubMessage,
  type Hello,
  type HubMessage,
  type IssuedToken,
  type OpenedLog,
  type PullStarted,
  type Refusal,
  type ResumedLogs,
  type StoredEntries,
  type WorkChallenge,
} from '@kith/core/wire'
import { WebSocket } from 'ws'
import { channelling } from './channelling.ts'
import { expect, Failed } from './expect.ts'

/** Of the client's requests; distributes over the kinds. */
type Unnumbered<Message> = Message extends { request: number } ? Omit<Message, 'request'> : never

/** One result of any verb; which fields it has depends on the verb. */
export type Result = Partial<
  OpenedLog &
    ResumedLogs &
    StoredEntries &
    PullStarted &
    Done &
    IssuedToken &
    WorkChallenge &
    Refusal & { done: true } & { handshake: Uint8Array }
>

/** `ticket` of an `opened`. */
export type Answer = {
  readonly message: HubMessage
  readonly results: readonly Result[]
  readonly ticket: Uint8Array | undefined
  readonly frame: Uint8Array
}

export type Client = {
  readonly hello: Hello
  /** What the hub agreed to of the extensions that were offered. */
  readonly extensions: string
  /** Sends a request and resolves with its answer. */
  readonly ask: (message: Unnumbered<ClientMessage>, request?: number) => Promise<Answer>
  /** The next message of a type that nobody took yet, and that is `wanted`. */
  readonly next: <Type extends HubMessage['type']>(
    type: Type,
    wanted?: (message: Extract<HubMessage, { type: Type }>) => boolean,
  ) => Promise<Extract<HubMessage, { type: Type }>>
  /** Types of the messages that came and were not taken. */
  readonly waiting: () => readonly HubMessage[]
  readonly send: (frame: Uint8Array | string) => void
  /** Seals all that follows, for the hub of that key: the one that said hello unless given. `outer` still sends as it is. */
  readonly wrap: (
    hubKey?: Uint8Array,
  ) => Promise<{ readonly inner: Client; readonly outer: Client; readonly hash: Uint8Array }>
  /** Past the WebSocket: bytes on the wire. */
  readonly raw: Socket
  /** Why the hub ended the connection, and the code of the close. */
  readonly ended: () => Promise<{ readonly why: string | undefined; readonly code: number }>
  readonly close: () => void
}

export type ConnectOptions = {
  readonly waitMs: number
  /** Offers the compression that the protocol does without. */
  readonly compression?: boolean
  /** Told of all that is sent. */
  readonly sent: (bytes: number) => void
}

type Taker = {
  readonly wants: (message: HubMessage) => boolean
  readonly take: (came: { message: HubMessage; frame: Uint8Array }) => void
  readonly fail: (why: Failed) => void
}

/** @throws Failed where no hub answers, or what answers does not say hello. */
export async function connectClient(url: string, options: ConnectOptions): Promise<Client> {
  const { waitMs } = options
  const socket = new WebSocket(url, { perMessageDeflate: options.compression ?? false, handshakeTimeout: waitMs })
  const inbox: { message: HubMessage; frame: Uint8Array }[] = []
  const takers = new Set<Taker>()
  let goodbye: Refusal | undefined
  let code: number | undefined
  let broken: Failed | undefined
  /** Of a channel that was asked for; then what opens its pieces. */
  let handshake: Initiator | undefined
  let channel: { keys: ReturnType<Initiator['finish']>; open: ReturnType<typeof createFrameOpener> } | undefined

  const over = (): Failed =>
    broken ?? new Failed(`the hub ended the connection (${goodbye?.refused ?? `no goodbye, close code ${code}`})`)
  const failAll = (): void => {
    for (const taker of takers) taker.fail(over())
    takers.clear()
  }
  const closed = new Promise<void>((resolve) => {
    socket.on('close', (closeCode) => {
      code = closeCode
      failAll()
      resolve()
    })
  })
  socket.on('error', (cause) => {
    if (socket.readyState !== WebSocket.OPEN) broken ??= new Failed(`no connection: ${cause.message}`)
    failAll()
  })
  socket.on('message', (data: Buffer) => {
    let frame: Uint8Array | undefined = new Uint8Array(data)
    let message: HubMessage
    try {
      if (channel !== undefined) frame = channel.open(frame)
      if (frame === undefined) return
      message = frameToHubMessage(frame)
      // At once: the next message is sealed already.
      if (message.type === 'channelled' && handshake !== undefined) {
        const [result] = message.results
        if (result !== undefined && 'handshake' in result) {
          const keys = handshake.finish(result.handshake)
          channel = { keys, open: createFrameOpener(keys.open) }
        }
        handshake = undefined
      }
    } catch (cause) {
      const start = toHex(new Uint8Array(data).subarray(0, 32))
      broken ??= new Failed(`the hub sent what is no frame (${start}…): ${String(cause)}`)
      socket.terminate()
      return
    }
    if (message.type === 'goodbye') goodbye = message.why
    const taker = [...takers].find(({ wants }) => wants(message))
    if (taker === undefined) inbox.push({ message, frame })
    else {
      takers.delete(taker)
      taker.take({ message, frame })
    }
  })

  function take(what: string, wants: Taker['wants']): Promise<{ message: HubMessage; frame: Uint8Array }> {
    const at = inbox.findIndex(({ message }) => wants(message))
    if (at >= 0) return Promise.resolve(inbox.splice(at, 1)[0]!)
    if (code !== undefined || broken !== undefined) return Promise.reject(over())
    const { promise, resolve, reject } = Promise.withResolvers<{ message: HubMessage; frame: Uint8Array }>()
    const timer = setTimeout(() => {
      takers.delete(taker)
      reject(new Failed(`${what} did not come within ${waitMs / 1000} s`))
    }, waitMs)
    const taker: Taker = { wants, take: resolve, fail: reject }
    takers.add(taker)
    return promise.finally(() => clearTimeout(timer))
  }

  const upgraded = once(socket, 'upgrade') as Promise<[IncomingMessage]>
  upgraded.catch(() => {})
  const { message: hello } = await take('the hub’s hello', () => true).catch((cause: unknown) => {
    socket.terminate()
    throw cause
  })
  const [response] = await upgraded
  expect(hello.type === 'hello', `the first message is ${hello.type} and not hello`)
  let lastRequest = 0
  const send = (frame: Uint8Array | string): void => {
    options.sent(frame.length)
    socket.send(frame)
  }
  const sendFrame = (frame: Uint8Array): void => {
    for (const piece of channel === undefined ? [frame] : sealFrame(channel.keys.seal, frame)) send(piece)
  }
  const client: Client = {
    hello,
    extensions: socket.extensions,
    async ask(message, request = (lastRequest += 1)) {
      sendFrame(clientMessageToFrame({ ...message, request }))
      const what = `the answer to ${message.type}`
      const came = await take(what, (answer) => 'results' in answer && answer.request === request)
      const { results, ticket } = came.message as unknown as Pick<Answer, 'results' | 'ticket'>
      return { ...came, results, ticket }
    },
    async next(type, wanted = () => true) {
      const { message } = await take(`a message ${type}`, (found) => found.type === type && wanted(found as never))
      return message as never
    },
    waiting: () => inbox.map(({ message }) => message),
    send,
    async wrap(hubKey = hello.hubKey) {
      const started = startHandshake(channelling, hubKey, channelPrologue('wrap'))
      handshake = started
      const asked = { type: 'channel', purpose: 'wrap', handshake: started.message } as const
      const [result] = (await client.ask(asked)).results
      expect(channel !== undefined, `no channel: ${result?.refused}`)
      const { hash } = channel.keys
      const inside = await client.next('hello')
      return { inner: { ...client, hello: inside }, outer: client, hash }
    },
    raw: response.socket,
    async ended() {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Failed(`the connection was not ended within ${waitMs / 1000} s`)), waitMs)
      })
      await Promise.race([closed, late]).finally(() => clearTimeout(timer))
      return { why: goodbye?.refused, code: code! }
    },
    close: () => socket.terminate(),
  }
  return client
}
