/** One connection to a hub that another carries: first to the carrier, then a channel through it, then the hub's own protocol within. */
import { assert, equalBytes, KithError } from '../../bytes/index.ts'
import {
  channelBroken,
  type ChannelKeys,
  channelPrologue,
  createFrameOpener,
  type Initiator,
  sealFrame,
  startHandshake,
} from '../../crypto/channel/index.ts'
import type { Connection, ConnectionEvents, Platform } from '../../ports/index.ts'
import type {
  clientMessageToFrame,
  ClientMessage,
  frameToHubMessage,
  HubMessage,
  refusalToError,
} from '../../wire/index.ts'
import type { checkHubUrl } from '../hub-connection-url.ts'

/** Handed over, not imported: what two scripts of a page have in common goes into more scripts, and the first page would grow by 3 KB. */
export type Tools = {
  readonly clientMessageToFrame: typeof clientMessageToFrame
  readonly frameToHubMessage: typeof frameToHubMessage
  readonly refusalToError: typeof refusalToError
  readonly checkHubUrl: typeof checkHubUrl
}

export type CarriedOptions = Pick<Platform, 'network' | 'crypto'> & {
  readonly tools: Tools
  readonly carrier: string
  /** If it is known, only that hub carries. */
  readonly carrierKey: Uint8Array | undefined
  readonly url: string
  readonly hubKey: Uint8Array
}

/** What is due next: the carrier's hello, its answer, the hub's half of the handshake, its hello, and then its frames. */
type Stage = 'carrier' | 'carried' | 'handshake' | 'hello' | 'open' | 'closed'

/** One request to the carrier, one to the hub. */
const request = 1

export const connectCarried = (options: CarriedOptions, events: ConnectionEvents): Connection => {
  const { network, crypto, tools, carrier, carrierKey, url, hubKey } = options
  let stage: Stage = 'carrier'
  let handshake: Initiator | undefined
  let keys: ChannelKeys | undefined
  let open: ((piece: Uint8Array) => Uint8Array | undefined) | undefined

  const connection = network.connect(
    carrier,
    {
      opened: () => {},
      received: (message) => {
        if (stage === 'closed') return
        try {
          hear(message)
        } catch (cause) {
          if (!(cause instanceof KithError)) throw cause
          end(cause)
        }
      },
      closed: (reason, cause) => end(cause ?? away(reason)),
    },
    carrierKey,
  )

  const ask = (message: ClientMessage): void => connection.send(tools.clientMessageToFrame(message))

  const hear = (message: Uint8Array): void => {
    switch (stage) {
      case 'carrier': {
        const hello = told(message)
        if (hello.type !== 'hello') throw confused()
        if (carrierKey && !equalBytes(hello.hubKey, carrierKey))
          throw new KithError('hub-lied', 'Another hub answers at the carrier’s URL than the one that is meant.')
        // By another name it would see both ends.
        if (equalBytes(hello.hubKey, hubKey))
          throw new KithError('no-carrier', `${carrier} and ${url} are one hub: it cannot carry to itself.`)
        stage = 'carried'
        ask({ type: 'carry', request, url, hubKey })
        return
      }
      case 'carried': {
        const answer = told(message)
        if (answer.type !== 'done') throw confused()
        const [result] = answer.results
        if (result === undefined || answer.results.length > 1) throw confused()
        if ('refused' in result) throw tools.refusalToError(result)
        handshake = startHandshake(crypto, hubKey, channelPrologue('wrap'))
        stage = 'handshake'
        ask({ type: 'channel', request, purpose: 'wrap', handshake: handshake.message })
        return
      }
      case 'handshake': {
        // From here on it claims to be the hub's: what is not is a forgery.
        const answer = fromHub(message)
        if (answer.type !== 'channelled') throw channelBroken()
        const [result] = answer.results
        if (result === undefined || 'refused' in result) throw channelBroken()
        assert(handshake, 'a handshake was begun')
        keys = handshake.finish(result.handshake)
        open = createFrameOpener(keys.open)
        stage = 'hello'
        return
      }
      default: {
        assert(open, 'the channel is there')
        const frame = open(message)
        if (frame === undefined) return
        if (stage === 'hello') greet(frame)
        events.received(frame)
      }
    }
  }

  /** The hub's hello binds all that is signed on this connection to this channel. */
  const greet = (frame: Uint8Array): void => {
    const hello = tools.frameToHubMessage(frame)
    if (hello.type === 'goodbye') return
    const isBound =
      keys && hello.type === 'hello' && equalBytes(hello.hubKey, hubKey) && equalBytes(hello.nonce, keys.hash)
    if (!isBound) throw channelBroken()
    stage = 'open'
    events.opened()
  }

  const end = (cause: KithError): void => {
    if (stage === 'closed') return
    stage = 'closed'
    connection.close()
    events.closed(cause.message, cause)
  }

  /** What the carrier says of itself. */
  const told = (message: Uint8Array): HubMessage => {
    const said = tools.frameToHubMessage(message)
    if (said.type === 'goodbye') throw tools.refusalToError(said.why)
    return said
  }

  const fromHub = (message: Uint8Array): HubMessage => {
    try {
      return tools.frameToHubMessage(message)
    } catch (cause) {
      if (cause instanceof KithError) throw channelBroken()
      throw cause
    }
  }

  const away = (reason: string): KithError =>
    stage === 'carrier'
      ? new KithError(
          'hub-unreachable',
          `${carrier}, which carries the connection to ${url}, cannot be reached: ${reason} Work goes on offline; nothing is sent directly.`,
        )
      : new KithError(
          'hub-unreachable',
          `The connection to ${url} through ${carrier} ended: ${reason} Work goes on offline; nothing is sent directly.`,
        )

  return {
    send: (frame) => {
      if (stage === 'closed' || !keys) return
      for (const piece of sealFrame(keys.seal, frame)) connection.send(piece)
    },
    bufferedBytes: () => connection.bufferedBytes(),
    close: () => {
      if (stage === 'closed') return
      stage = 'closed'
      connection.close()
      void Promise.resolve().then(() => events.closed('The connection was closed.'))
    },
  }
}

const confused = (): KithError =>
  new KithError('bad-encoding', 'The hub that carries answered what was not asked. It is no hub, or damaged.')
