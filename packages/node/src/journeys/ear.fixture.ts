import type { Platform } from '@kith/core/ports'
import { type ClientMessage, frameToClientMessage } from '@kith/core/wire'

/** The platform, and what its device says to its hubs: each message in order, with which of the connections (0 is the first) it is said on. */
export const withEar =
  (heard: (message: ClientMessage, connection: number) => void) =>
  (platform: Platform): Platform => {
    let connections = 0
    return {
      ...platform,
      network: {
        connect: (url, events) => {
          const connection = platform.network.connect(url, events)
          const n = connections
          connections += 1
          return {
            ...connection,
            send: (frame) => {
              // A message's bytes are views of its frame, which is not ours to keep.
              heard(frameToClientMessage(frame.slice()), n)
              connection.send(frame)
            },
          }
        },
      },
    }
  }
