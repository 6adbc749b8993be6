/** Passes the messages of a client on to the hub that it is carried to, and back. It reads none of them. */
import { channelPieceBytesMax } from '@kith/core/limits'
import type { Cancel } from '@kith/core/ports'
import type { Channel, Connection } from '../connection.ts'
import type { Allowance } from '../limits/allowance.ts'
import type { HubContext } from '../session.ts'
import type { Reached } from './reach.ts'

/** What one side has not taken, above which the other is not read. */
const waitingBytesMax = 256 * 1024

/** A pipe through which nothing went for so long is over: clients ask for something every 25 s. */
const idleMsMax = 120_000

export function createPipe(
  hub: Pick<HubContext, 'clock' | 'meter'>,
  client: Channel,
  reached: Reached,
  allowance: Allowance,
  ended: () => void,
): Connection {
  let isOver = false
  let lastAt = hub.clock.monotonic()

  /** One direction. */
  function createFlow(from: Pick<Channel, 'pause' | 'resume'>, to: Pick<Channel, 'send' | 'bufferedBytes'>) {
    const queue: Uint8Array[] = []
    let queuedBytes = 0
    let isPaused = false
    let cancelWait: Cancel | undefined

    function flow(): void {
      cancelWait?.()
      cancelWait = undefined
      // Empty also once it is over.
      while (queue[0] !== undefined) {
        if (to.bufferedBytes() > waitingBytesMax) break
        const slow = allowance.take('carriedBytes', queue[0].length)
        if (slow !== undefined) {
          cancelWait = hub.clock.after(slow.waitMs, flow)
          break
        }
        const piece = queue.shift()!
        queuedBytes -= piece.length
        hub.meter.add('bytesCarried', piece.length)
        to.send(piece)
      }
      const mustPause = queue.length > 0
      if (isOver || mustPause === isPaused) return
      isPaused = mustPause
      if (mustPause) from.pause()
      else from.resume()
    }

    return {
      flow,
      push(piece: Uint8Array): void {
        if (isOver) return
        lastAt = hub.clock.monotonic()
        queue.push(piece)
        queuedBytes += piece.length
        // A socket that was paused gives what it had read already, and no more than that.
        if (piece.length > channelPieceBytesMax || queuedBytes > waitingBytesMax + channelPieceBytesMax) end()
        else flow()
      },
      stop(): void {
        cancelWait?.()
        queue.length = 0
        // The farewell of the other end must be read.
        if (isPaused) from.resume()
      },
    }
  }

  const upward = createFlow(client, reached)
  const downward = createFlow(reached, client)

  function end(): void {
    if (isOver) return
    isOver = true
    upward.stop()
    downward.stop()
    ended()
    reached.end()
    client.end()
  }

  reached.begin({
    received: (piece) => downward.push(piece),
    drained: () => upward.flow(),
    closed: end,
  })

  return {
    receive: (piece) => upward.push(piece),
    drained: () => downward.flow(),
    // Words of this hub's own would look like a forgery to the client.
    goodbye: end,
    closed: end,
    hasOpened: () => !isOver && hub.clock.monotonic() - lastAt < idleMsMax,
    renew() {},
  }
}
