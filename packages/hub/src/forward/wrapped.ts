/** The protocol within a channel: what a client that is carried says to this hub. */
import { KithError } from '@kith/core/bytes'
import { type ChannelKeys, createFrameOpener, sealFrame } from '@kith/core/crypto/channel'
import { refusal } from '@kith/core/wire'
import type { Channel, Connection } from '../connection.ts'

/** `serve` makes the connection within. */
export function createWrapped(channel: Channel, keys: ChannelKeys, serve: (within: Channel) => Connection): Connection {
  const open = createFrameOpener(keys.open)
  const connection = serve({
    ...channel,
    send(frame) {
      for (const piece of sealFrame(keys.seal, frame)) channel.send(piece)
    },
  })
  return {
    ...connection,
    receive(piece) {
      let frame: Uint8Array | undefined
      try {
        frame = open(piece)
      } catch (cause) {
        if (!(cause instanceof KithError)) throw cause
        connection.goodbye(refusal('bad-encoding'))
        return
      }
      if (frame !== undefined) connection.receive(frame)
    },
  }
}
