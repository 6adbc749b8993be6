/** What keeps a hub busy: entries and signals, each sent as soon as an earlier one is answered. */
import { createLog, openTo, pullItem, random } from './logs.ts'
import { connectLoad } from './client.ts'
import { WebSocket } from 'ws'

export type Flow = {
  readonly perSecond: number
  /** From sending to the other's hearing it, milliseconds. */
  readonly latenciesMs: readonly number[]
}

export type FlowOptions = {
  readonly url: string
  /** Entries or messages in all. */
  readonly total: number
  readonly pairs: number
  /** Requests under way on each connection. */
  readonly underWay: number
  readonly bytes: number
}

/** Each latency would be a memory of its own. */
const sampledEach = 16

/** A writer and a follower for each log. An entry counts when it is acknowledged and the follower has it. */
export async function runEntries({
  url,
  total,
  pairs,
  underWay,
  bytes,
  perPut,
}: FlowOptions & { perPut: number }): Promise<Flow> {
  const latenciesMs: number[] = []
  const sentAt = new Map<number, number>()
  let heard = 0
  let left = total
  let serial = 0
  const done = Promise.withResolvers<void>()
  const writers = await Promise.all(
    Array.from({ length: pairs }, async () => {
      const log = createLog()
      const writer = await connectLoad(url)
      const follower = await connectLoad(url, {
        entries({ entries }) {
          heard += entries.length
          for (const entry of entries) {
            const mark = new DataView(entry.bytes.buffer, entry.bytes.byteOffset).getUint32(0)
            const at = sentAt.get(mark)
            if (at !== undefined) {
              sentAt.delete(mark)
              latenciesMs.push(performance.now() - at)
            }
          }
          if (heard === total) done.resolve()
        },
      })
      await openTo(writer, log, 'write')
      await openTo(follower, log, 'read')
      await follower.ask({ type: 'pull', pulls: [pullItem(log, { follow: true })] })
      return { writer, follower, log }
    }),
  )
  const filler = random(bytes)
  const start = performance.now()
  await Promise.all(
    writers.flatMap(({ writer, log }) =>
      Array.from({ length: underWay }, async () => {
        while (left >= perPut) {
          left -= perPut
          const entries = Array.from({ length: perPut }, () => {
            serial += 1
            const entry = filler.slice()
            new DataView(entry.buffer).setUint32(0, serial)
            if (serial % sampledEach === 0) sentAt.set(serial, performance.now())
            return entry
          })
          await writer.ask({ type: 'put', puts: [{ log: log.id, lane: 2, entries, covers: [] }] })
        }
      }),
    ),
  )
  await done.promise
  const seconds = (performance.now() - start) / 1000
  for (const { writer, follower } of writers) {
    writer.close()
    follower.close()
  }
  return { perSecond: total / seconds, latenciesMs }
}

/** Signals from one of a pair to the other. */
export async function runSignals({ url, total, pairs, underWay, bytes }: FlowOptions): Promise<Flow> {
  const latenciesMs: number[] = []
  const filler = random(bytes)
  let left = total
  let heard = 0
  const done = Promise.withResolvers<void>()
  const talkers = await Promise.all(
    Array.from({ length: pairs }, async () => {
      const log = createLog()
      let send = (): void => {}
      const talker = await connectLoad(url)
      const listener = await connectLoad(url, {
        heard(message) {
          heard += 1
          if (heard % sampledEach === 0) {
            latenciesMs.push(
              performance.now() - new DataView(message.bytes.buffer, message.bytes.byteOffset).getFloat64(0),
            )
          }
          if (heard === total) done.resolve()
          send()
        },
      })
      await openTo(talker, log, 'write')
      await openTo(listener, log, 'read')
      send = () => {
        if (left === 0) return
        left -= 1
        const packet = filler.slice()
        new DataView(packet.buffer).setFloat64(0, performance.now())
        talker.ask({ type: 'signal', signals: [{ log: log.id, to: undefined, bytes: packet }] }).catch(done.reject)
      }
      return { talker, listener, send }
    }),
  )
  const start = performance.now()
  for (const { send } of talkers) for (let at = 0; at < underWay; at += 1) send()
  await done.promise
  const seconds = (performance.now() - start) / 1000
  for (const { talker, listener } of talkers) {
    talker.close()
    listener.close()
  }
  return { perSecond: total / seconds, latenciesMs }
}

/** The same to a bare WebSocket server. `back`: it returns what it gets; else it passes it to the second of each pair. */
export async function runBare({
  url,
  total,
  pairs,
  underWay,
  bytes,
  isBack,
}: FlowOptions & { isBack: boolean }): Promise<Flow> {
  const latenciesMs: number[] = []
  const filler = random(bytes)
  let left = total
  let heard = 0
  const done = Promise.withResolvers<void>()
  const connect = async (): Promise<WebSocket> => {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    return socket
  }
  const ends: { talker: WebSocket; listener: WebSocket; send: () => void }[] = []
  for (let at = 0; at < pairs; at += 1) {
    const talker = await connect()
    const listener = isBack ? talker : await connect()
    const send = (): void => {
      if (left === 0) return
      left -= 1
      const packet = filler.slice()
      new DataView(packet.buffer).setFloat64(0, performance.now())
      talker.send(packet)
    }
    listener.on('message', (data: Buffer) => {
      heard += 1
      if (heard % sampledEach === 0) latenciesMs.push(performance.now() - data.readDoubleBE(0))
      if (heard === total) done.resolve()
      send()
    })
    ends.push({ talker, listener, send })
  }
  const start = performance.now()
  for (const { send } of ends) for (let at = 0; at < underWay; at += 1) send()
  await done.promise
  const seconds = (performance.now() - start) / 1000
  for (const { talker, listener } of ends) {
    talker.terminate()
    listener.terminate()
  }
  return { perSecond: total / seconds, latenciesMs }
}
