import { channelPrologue, type Initiator, startHandshake } from '@kith/core/crypto/channel'
import type { Crypto, Network } from '@kith/core/ports'
import { clientMessageToFrame, frameToHubMessage } from '@kith/core/wire'
import type { Reach } from '@kith/hub'

type Events = Parameters<NonNullable<Awaited<ReturnType<Reach>>>['begin']>[0]

/** How a hub that carries reaches others over the wires: it has them show their key, as it does over sockets. */
export const createSimReach =
  (network: Network, crypto: Crypto): Reach =>
  ({ url }, hubKey) =>
    new Promise((resolve) => {
      let handshake: Initiator | undefined
      let events: Events | undefined
      const hear = (frame: Uint8Array): void => {
        const message = frameToHubMessage(frame)
        if (message.type === 'hello') {
          handshake = startHandshake(crypto, hubKey, channelPrologue('prove'))
          const prove = { type: 'channel', request: 1, purpose: 'prove', handshake: handshake.message } as const
          return connection.send(clientMessageToFrame(prove))
        }
        const [result] = message.type === 'channelled' ? message.results : []
        if (!handshake || !result || 'refused' in result) return resolve(undefined)
        handshake.finish(result.handshake)
        const { send, bufferedBytes, close: end } = connection
        const begin = (given: Events): void => void (events = given)
        resolve({ send, bufferedBytes, end, begin, pause: () => {}, resume: () => {} })
      }
      const connection = network.connect(url.origin, {
        opened: () => {},
        received: (frame) => (events ? events.received(frame) : hear(frame)),
        closed: () => (events ? events.closed() : resolve(undefined)),
      })
    })
