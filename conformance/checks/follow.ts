import { same } from '../expect.ts'
import { openLog, pull, pullItem, put, random } from '../logs.ts'
import type { Client } from '../client.ts'
import type { Check } from '../suite.ts'

const section = 'pull'

async function pushed(client: Client): Promise<[request: number, numbers: number[]]> {
  const { request, entries } = await client.next('entries')
  return [request, entries.map(({ n }) => n)]
}

export const followChecks: readonly Check[] = [
  {
    name: 'follow',
    section,
    says: 'A follower then gets whatever is put later, with request 0, each entry once and in ascending order.',
    async run({ connect, makeLog }) {
      const [writer, reader] = [await connect(), await connect()]
      const log = await makeLog(writer)
      await put(writer, log, [random(20), random(20)])
      await openLog(reader, log, 'read')
      same((await pull(reader, pullItem(log, { follow: true }))).entries.length, 2, 'entries that were there')
      const bytes = Array.from({ length: 10 }, () => random(20))
      for (const entry of bytes) await put(writer, log, [entry])
      for (let at = 0; at < bytes.length; at += 1) same(await pushed(reader), [0, [at + 3]], `push ${at + 1}`)
    },
  },
  {
    name: 'follow-without-echo',
    section: 'put',
    says: 'New ones are pushed at once to those who follow the lane, except to the connection that put them.',
    async run({ connect, makeLog }) {
      const [writer, other] = [await connect(), await connect()]
      const log = await makeLog(writer)
      await openLog(other, log)
      same((await pull(writer, pullItem(log, { follow: true }))).news, false, 'news of an empty lane')
      same((await put(writer, log, [random(20)])).numbers, [1], 'the writer’s own')
      same((await put(other, log, [random(20)])).numbers, [2], 'the other’s')
      // In ascending order: the writer's own would have come first.
      same(await pushed(writer), [0, [2]], 'what the writer hears')
    },
  },
  {
    name: 'follow-stops',
    section,
    says: 'Modes 2 and 3 are asked with n and limit 0 and the generation empty. The news of mode 2 is always 1, that of mode 3 always 0.',
    async run({ connect, makeLog }) {
      const [writer, reader] = [await connect(), await connect()]
      const log = await makeLog(writer)
      await openLog(reader, log, 'read')
      await pull(reader, pullItem(log, { follow: true }))
      await pull(reader, pullItem(log, { lane: 0, follow: true }))
      same((await pull(reader, pullItem(log, { mode: 'stop' }))).news, false, 'news of a stop')
      await put(writer, log, [random(20)])
      // Another lane is still followed; what the stopped one had would have come before.
      await put(writer, log, [random(20)], 0)
      same((await reader.next('entries')).lane, 0, 'the lane of the next push')
    },
  },
  {
    name: 'follow-replaces',
    section,
    says: 'A second follow of the same lane replaces the first.',
    async run({ connect, makeLog }) {
      const [writer, reader] = [await connect(), await connect()]
      const log = await makeLog(writer)
      await openLog(reader, log, 'read')
      await pull(reader, pullItem(log, { follow: true }))
      await pull(reader, pullItem(log, { follow: true }))
      await put(writer, log, [random(20)])
      await put(writer, log, [random(20)])
      same(
        [await pushed(reader), await pushed(reader)],
        [
          [0, [1]],
          [0, [2]],
        ],
        'pushes of two puts',
      )
    },
  },
  {
    name: 'empty-pull',
    section,
    says: 'An empty pull is a ping.',
    async run({ connect }) {
      same((await (await connect()).ask({ type: 'pull', pulls: [] })).results.length, 0, 'results')
    },
  },
]
