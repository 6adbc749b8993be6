/** For the suite's own test: stands before an honest hub and spoils one thing, so that a check must see it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toHex } from '@kith/core/bytes'
import {
  type ClientMessage,
  clientMessageToFrame,
  frameToClientMessage,
  frameToHubMessage,
  type HubMessage,
  hubMessageToFrame,
} from '@kith/core/wire'
import { WebSocket, WebSocketServer } from 'ws'

export type Fault = {
  /** Checks that must fail; no others may. */
  readonly caughtBy: readonly string[]
  /** What the client says, as the hub is told it. `asked` is to be remembered by number for one connection. */
  readonly client?: (message: ClientMessage, line: Line) => ClientMessage
  /** What the hub says, as the client is told it. */
  readonly hub?: (message: HubMessage, line: Line) => HubMessage
  /** Ends the connection instead of handing a malformed frame on. */
  readonly hangsUp?: boolean
  readonly compresses?: boolean
}

export type Line = {
  readonly asked: Map<number, ClientMessage>
  /** Of all connections: ids of logs that were written to, in hexadecimal. */
  readonly written: Set<string>
  /** To the client, past the hub. */
  readonly say: (message: HubMessage) => void
}

type Results<Message> = Message extends { results: readonly (infer Result)[] } ? Result : never

/** Each result that is no refusal, changed. */
const granted = <Type extends 'opened' | 'resumed' | 'stored'>(
  message: HubMessage,
  type: Type,
  change: (result: Exclude<Results<Extract<HubMessage, { type: Type }>>, { refused: string }>) => object,
): HubMessage => {
  if (message.type !== type) return message
  const { results } = message as unknown as { results: readonly object[] }
  return {
    ...message,
    results: results.map((result) => ('refused' in result ? result : change(result as never))),
  } as never
}

const pulls = (
  message: ClientMessage,
  change: (item: Extract<ClientMessage, { type: 'pull' }>['pulls'][number]) => object,
) =>
  message.type === 'pull' ? { ...message, pulls: message.pulls.map((item) => ({ ...item, ...change(item) })) } : message

const resumed = (
  message: ClientMessage,
  change: (item: Extract<ClientMessage, { type: 'resume' }>['logs'][number]) => Pick<typeof item, 'cursors'>,
) =>
  message.type === 'resume' ? { ...message, logs: message.logs.map((item) => ({ ...item, ...change(item) })) } : message

export const faults: Readonly<Record<string, Fault>> = {
  'gives a number twice to one entry': {
    caughtBy: ['put-idempotent'],
    hub: (message) =>
      granted(message, 'stored', (result) => {
        const isDouble = new Set(result.numbers).size < result.numbers.length
        return isDouble ? { ...result, numbers: result.numbers.map((_, at) => at + 1) } : result
      }),
  },
  'spoils a large entry': {
    caughtBy: ['entry-ids'],
    hub: (message) =>
      message.type === 'entries'
        ? {
            ...message,
            entries: message.entries.map((entry) =>
              entry.bytes.length < 100_000
                ? entry
                : { ...entry, bytes: entry.bytes.map((byte, at) => (at === 99 ? byte ^ 1 : byte)) },
            ),
          }
        : message,
  },
  'sends downwards what was asked for upwards': {
    caughtBy: ['pull-before'],
    hub(message, { asked }) {
      if (message.type !== 'entries') return message
      const request = asked.get(message.request)
      const isDown = request?.type === 'pull' && request.pulls[0]?.mode === 'before'
      return isDown ? { ...message, entries: message.entries.toReversed() } : message
    },
  },
  'ignores limits of pulls': {
    caughtBy: ['pull-before', 'pull-limit', 'cursor-check'],
    client: (message) => pulls(message, () => ({ limit: 0 })),
  },
  'takes cursors of any generation': {
    caughtBy: ['other-generation'],
    client: (message) => pulls(message, () => ({ generation: undefined })),
  },
  'echoes to the writer': {
    caughtBy: ['follow-without-echo'],
    hub(message, { asked, say }) {
      const put = message.type === 'stored' ? asked.get(message.request) : undefined
      const follows = [...asked.values()].some((one) => one.type === 'pull' && one.pulls.some(({ follow }) => follow))
      if (put?.type !== 'put' || message.type !== 'stored' || !follows) return message
      const [item, result] = [put.puts[0]!, message.results[0]!]
      if ('refused' in result) return message
      const entries = item.entries.map((bytes, at) => ({ n: result.numbers[at]!, id: new Uint8Array(32), bytes }))
      say({
        type: 'entries',
        request: 0,
        log: item.log,
        lane: item.lane,
        generation: result.generation,
        state: 'caught-up',
        entries,
      })
      return message
    },
  },
  'tells by its refusals which logs it has': {
    caughtBy: ['refusals-alike'],
    hub(message, { asked, written }) {
      const pull = message.type === 'pulling' ? asked.get(message.request) : undefined
      if (pull?.type !== 'pull' || message.type !== 'pulling') return message
      const results = message.results.map((result, at) =>
        'refused' in result && written.has(toHex(pull.pulls[at]!.log)) ? { ...result, waitMs: 1 } : result,
      )
      return { ...message, results }
    },
  },
  'lets readers write': {
    caughtBy: ['open-grants-what-is-proven', 'proofs-are-bound'],
    hub: (message) =>
      granted(message, 'opened', (result) => ({ ...result, rights: result.rights === 1 ? 3 : result.rights })),
  },
  'gives a ticket for what needs no signature': {
    caughtBy: ['tickets-beget-none'],
    hub: (message) =>
      message.type === 'opened' ? { ...message, ticket: message.ticket ?? new Uint8Array(40) } : message,
  },
  'opens what is named for the ticket alone': {
    caughtBy: ['tickets-open'],
    client: (message) => resumed(message, (item) => ({ cursors: item.cursors ?? [] })),
  },
  'tells why it refuses a ticket': {
    caughtBy: ['tickets-are-bound', 'refusals-alike'],
    hub: (message) =>
      message.type === 'resumed'
        ? {
            ...message,
            results: message.results.map((result) =>
              'refused' in result ? { ...result, refused: 'bad-policy' as const } : result,
            ),
          }
        : message,
  },
  'follows nothing that is resumed': {
    caughtBy: ['resume-follows', 'resume-names-news'],
    client: (message) => resumed(message, (item) => ({ cursors: item.cursors && [] })),
  },
  'says that there is no news where there is': {
    caughtBy: ['resume-names-news'],
    hub: (message) => granted(message, 'resumed', (result) => ({ ...result, others: [] })),
  },
  'takes a cursor of any generation': {
    caughtBy: ['resume-of-another-generation'],
    hub: (message, { asked }) => {
      const resume = message.type === 'resumed' ? asked.get(message.request) : undefined
      const generation = resume?.type === 'resume' ? resume.generation : undefined
      return granted(message, 'resumed', (result) => ({ ...result, generation: generation ?? result.generation }))
    },
  },
  'hides who signals': {
    caughtBy: ['listener-names', 'signal-to-one'],
    hub: (message) => (message.type === 'heard' ? { ...message, from: new Uint8Array(16) } : message),
  },
  'passes every signal to all': {
    caughtBy: ['signal-to-one'],
    client: (message) =>
      message.type === 'signal'
        ? { ...message, signals: message.signals.map((item) => ({ ...item, to: undefined })) }
        : message,
  },
  'says that a trim without the right is done': {
    caughtBy: ['trim-needs-admin', 'refusals-alike'],
    hub(message, { asked }) {
      if (message.type !== 'done' || asked.get(message.request)?.type !== 'trim') return message
      return { ...message, results: message.results.map(() => ({ done: true as const })) }
    },
  },
  'has a clock of 1970': {
    caughtBy: ['hello-time'],
    hub: (message) => (message.type === 'hello' ? { ...message, timeMs: 0 } : message),
  },
  'hangs up on malformed frames without a word': {
    caughtBy: ['malformed-frames', 'excluded-messages', 'lists-over-their-limit'],
    hangsUp: true,
  },
  'proves a key that it has not': {
    caughtBy: ['channel-wraps', 'channel-nonce', 'channel-proves', 'channel-once', 'channel-pieces', 'carry-first'],
    hub: (message) =>
      message.type === 'channelled'
        ? {
            ...message,
            results: message.results.map((result) =>
              'refused' in result ? result : { handshake: new Uint8Array(48) },
            ),
          }
        : message,
  },
  'agrees to every channel': {
    caughtBy: ['channel-once'],
    hub: (message) =>
      message.type === 'channelled'
        ? {
            ...message,
            results: message.results.map((result) =>
              'refused' in result ? { handshake: new Uint8Array(48) } : result,
            ),
          }
        : message,
  },
  'does not say why who goes on after a proof has to leave': {
    caughtBy: ['channel-proves', 'carry-first'],
    hub: (message, { asked }) => {
      const hasProven = [...asked.values()].some((one) => one.type === 'channel' && one.purpose === 'prove')
      return message.type === 'goodbye' && hasProven
        ? { ...message, why: { refused: 'slow-down', waitMs: 1 } }
        : message
    },
  },
  'says that it carries, to whoever asks': {
    caughtBy: ['carry-not-itself', 'carry-first'],
    hub(message, { asked }) {
      if (message.type !== 'done' || asked.get(message.request)?.type !== 'carry') return message
      return { ...message, results: message.results.map(() => ({ done: true as const })) }
    },
  },
  compresses: { caughtBy: ['no-extensions'], compresses: true },
}

export type FaultyHub = { readonly url: string; readonly close: () => void }

/** Undefined as the fault: hands everything on as it is. */
export async function startFaultyHub(url: string, fault: Fault | undefined): Promise<FaultyHub> {
  const http = createServer((_, response) => response.end('{"status":"ok"}'))
  // Past the hub's own bound, so that it is the hub who closes; nothing of such a message is handed on.
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: fault?.compresses ?? false,
    maxPayload: 1_310_720,
  })
  const written = new Set<string>()
  server.on('connection', (socket) => {
    const hub = new WebSocket(url, { perMessageDeflate: false })
    const asked = new Map<number, ClientMessage>()
    const say = (message: HubMessage) => socket.send(hubMessageToFrame(message))
    const line: Line = { asked, written, say }
    /** Whether a channel was agreed on: what follows is for the two of them. */
    let isSealed = false
    const waiting: (Buffer | string)[] = []
    const tell = (data: Buffer | string): void => {
      if (hub.readyState === WebSocket.OPEN) hub.send(data)
      else waiting.push(data)
    }
    hub.on('open', () => waiting.forEach((data) => hub.send(data)))
    socket.on('message', (data: Buffer, isBinary) => {
      let message: ClientMessage
      if (isSealed) {
        tell(data)
        return
      }
      try {
        if (!isBinary) throw new Error('a text')
        message = frameToClientMessage(data)
      } catch {
        if (fault?.hangsUp) socket.close()
        else tell(isBinary ? data : data.toString())
        return
      }
      asked.set(message.request, message)
      if (message.type === 'put') for (const { log } of message.puts) written.add(toHex(log))
      tell(fault?.client === undefined ? data : Buffer.from(clientMessageToFrame(fault.client(message, line))))
    })
    hub.on('message', (data: Buffer) => {
      if (isSealed) {
        socket.send(data)
        return
      }
      const message = frameToHubMessage(data)
      if (fault?.hub === undefined) socket.send(data)
      else say(fault.hub(message, line))
      const channel = message.type === 'channelled' ? asked.get(message.request) : undefined
      isSealed =
        message.type === 'channelled' &&
        channel?.type === 'channel' &&
        channel.purpose === 'wrap' &&
        message.results.some((result) => 'handshake' in result)
    })
    hub.on('close', () => socket.close())
    socket.on('close', () => hub.terminate())
    for (const end of [hub, socket]) end.on('error', () => end.terminate())
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    close() {
      for (const socket of server.clients) socket.terminate()
      http.closeAllConnections()
      http.close()
    },
  }
}
