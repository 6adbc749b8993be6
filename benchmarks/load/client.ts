/** A client that speaks the hub's protocol frame by frame, at little cost: the generator of the load shares the machine with the hub. */
import type { Socket } from 'node:net'
import {
  type ClientMessage,
  clientMessageToFrame,
  frameToHubMessage,
  type EntriesMessage,
  type HeardMessage,
  type Hello,
  type HubMessage,
  type Refusal,
} from '@kith/core/wire'
import { WebSocket } from 'ws'

/** Of the client's requests; distributes over the kinds. */
type Unnumbered<Message> = Message extends { request: number } ? Omit<Message, 'request'> : never
export type Answer = Extract<HubMessage, { results: readonly unknown[] }>
type Results = readonly Record<string, unknown>[]

export type LoadClient = {
  readonly hello: Hello
  readonly socket: WebSocket
  /** Below the WebSocket. */
  readonly raw: Socket
  /** Resolves with the results; rejects when the connection ends, or when one is refused, unless `mayRefuse`. */
  readonly ask: (message: Unnumbered<ClientMessage>, mayRefuse?: boolean) => Promise<Results>
  /** The same, with the whole answer. */
  readonly answer: (message: Unnumbered<ClientMessage>, mayRefuse?: boolean) => Promise<Answer>
  readonly close: () => void
}

export type LoadEvents = {
  readonly entries?: (message: EntriesMessage) => void
  readonly heard?: (message: HeardMessage) => void
  /** `why` as the goodbye says it. */
  readonly closed?: (why: Refusal | undefined) => void
}

type Waiter = { resolve: (answer: Answer) => void; reject: (cause: Error) => void; mayRefuse: boolean }

export type LoadOptions = LoadEvents & {
  /** Where it comes from, for a hub that believes the header. */
  readonly from?: string
  readonly localAddress?: string
}

/** Rejects where nobody answers. */
export async function connectLoad(url: string, options: LoadOptions = {}): Promise<LoadClient> {
  const { from, localAddress } = options
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    ...(from === undefined ? {} : { headers: { 'x-forwarded-for': from } }),
    ...(localAddress === undefined ? {} : { localAddress }),
  })
  const waiters = new Map<number, Waiter>()
  const greeted = Promise.withResolvers<Hello>()
  let why: Refusal | undefined
  socket.on('error', (cause) => greeted.reject(cause))
  socket.on('close', () => {
    const cause = new Error(`The hub ended the connection: ${why?.refused ?? 'without a word'}.`)
    greeted.reject(cause)
    for (const { reject } of waiters.values()) reject(cause)
    waiters.clear()
    options.closed?.(why)
  })
  socket.on('message', (data: Buffer) => {
    const message = frameToHubMessage(data)
    switch (message.type) {
      case 'hello':
        return greeted.resolve(message)
      case 'entries':
        return options.entries?.(message)
      case 'heard':
        return options.heard?.(message)
      case 'goodbye':
        why = message.why
        return
      default: {
        const waiter = waiters.get(message.request)
        // Of a request that an attack sent by hand.
        if (waiter === undefined) return
        waiters.delete(message.request)
        const results = message.results as unknown as Results
        const refused = waiter.mayRefuse ? undefined : results.find((result) => 'refused' in result)
        if (refused === undefined) waiter.resolve(message)
        else waiter.reject(new Error(`Refused: ${String(refused['refused'])}.`))
      }
    }
  })
  let raw: Socket | undefined
  socket.on('upgrade', (response) => {
    raw = response.socket
  })
  const hello = await greeted.promise
  let request = 0
  const answer: LoadClient['answer'] = (message, mayRefuse = false) => {
    request += 1
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    waiters.set(request, { resolve, reject, mayRefuse })
    socket.send(clientMessageToFrame({ ...message, request }))
    return promise
  }
  return {
    hello,
    socket,
    raw: raw as Socket,
    ask: async (message, mayRefuse) => (await answer(message, mayRefuse)).results,
    answer,
    close: () => socket.terminate(),
  }
}
