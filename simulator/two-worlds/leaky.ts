/** Builds that leak on purpose: what the comparison has to find. */
import { clientMessageToFrame, frameToClientMessage, type PutItem } from '@kith/core/wire'
import type { Leak } from './scene.ts'

/** Only the pages of the story: whose joining nobody can open is no member. */
const storyBytesMin = 4_000

const changePuts =
  (who: string, change: (entry: Uint8Array) => Uint8Array): Leak =>
  (actor, network) => ({
    connect: (url, events) => {
      const connection = network.connect(url, events)
      return {
        ...connection,
        send: (frame) => {
          const message = frameToClientMessage(frame)
          if (actor !== who || message.type !== 'put') return connection.send(frame)
          const puts = message.puts.map(
            (put): PutItem => ({
              ...put,
              entries: put.entries.map((entry) => (entry.length < storyBytesMin ? entry : change(entry))),
            }),
          )
          connection.send(clientMessageToFrame({ ...message, puts }))
        },
      }
    },
  })

export const leaks: Readonly<Record<string, () => Leak>> = {
  'a mark of one byte in what one of them writes': () =>
    changePuts('bob', (entry) => {
      const changed = entry.slice()
      changed[150] = 66
      return changed
    }),
  'bytes of an earlier entry in what one of them writes': () => {
    let heard: Uint8Array | undefined
    const note = changePuts('alice', (entry) => (heard = entry))
    const echo = changePuts('bob', (entry) => {
      const changed = entry.slice()
      if (heard) changed.set(heard.subarray(100, 120), 100)
      return changed
    })
    return (actor, network, after) => (actor === 'alice' ? note : echo)(actor, network, after)
  },
  'more padding': () => changePuts('bob', (entry) => new Uint8Array([...entry, ...new Uint8Array(32)])),
  'a pause before one of them writes': () => (actor, network, after) => ({
    connect: (url, events) => {
      const connection = network.connect(url, events)
      const isLate = (frame: Uint8Array): boolean => actor === 'bob' && frameToClientMessage(frame).type === 'put'
      return {
        ...connection,
        send: (frame) => (isLate(frame) ? after(40, () => connection.send(frame)) : connection.send(frame)),
      }
    },
  }),
  'a question before one of them writes': () => (actor, network) => ({
    connect: (url, events) => {
      const connection = network.connect(url, events)
      return {
        ...connection,
        send: (frame) => {
          if (actor === 'bob' && frameToClientMessage(frame).type === 'put')
            connection.send(clientMessageToFrame({ type: 'pull', request: 4_000_000, pulls: [] }))
          connection.send(frame)
        },
      }
    },
  }),
}
