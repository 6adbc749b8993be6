import { utf8 } from '@kith/core/bytes'
import { expect, same } from '../expect.ts'
import { createLog, numbersOf, openLog, pull, pullItem, put, random, signing } from '../logs.ts'
import type { Check } from '../suite.ts'

const section = 'put'

export const putChecks: readonly Check[] = [
  {
    name: 'put-numbers',
    section,
    says: 'The hub numbers new entries of a lane of a log upwards, in the order given, from 1 unless a log has expired.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      same((await put(client, log, [random(20), random(20)])).numbers, [1, 2], 'the first two numbers')
      const { numbers = [] } = await put(client, log, [random(20), random(20)])
      expect(numbers[0]! > 2 && numbers[1]! > numbers[0]!, `the next numbers are ${String(numbers)}`)
    },
  },
  {
    name: 'put-idempotent',
    section,
    says: 'An entry that the lane has already keeps its number and takes no room.',
    async run({ connect, makeLog }) {
      const [client, other] = [await connect(), await connect()]
      const log = await makeLog(client)
      const [a, b] = [random(30), random(30)]
      same((await put(client, log, [a, b, a])).numbers, [1, 2, 1], 'numbers of a, b, a')
      await openLog(other, log)
      same((await put(other, log, [b, a])).numbers, [2, 1], 'numbers of b, a from another connection')
      same((await pull(client, pullItem(log))).entries.length, 2, 'entries in the lane')
    },
  },
  {
    name: 'entry-ids',
    section,
    says: 'An entry is whatever bytes its writer chose; its **id is SHA-256 of them**, computed by the hub.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      // One byte, some, and more than fits into a page or a small row.
      const entries = [Uint8Array.of(0), random(300), random(200_000)]
      await put(client, log, entries)
      const pulled = (await pull(client, pullItem(log))).entries
      same(pulled.length, 3, 'entries')
      pulled.forEach(({ id, bytes }, at) => {
        same(bytes, entries[at]!, `bytes of entry ${at + 1}`)
        same(id, signing.sha256(bytes), `id of entry ${at + 1}`)
      })
    },
  },
  {
    name: 'lanes',
    section,
    says: 'Lanes: 0 membership and keys, 1 packs, 2 tail, 3 chunks.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      const entry = utf8('the same bytes in each lane')
      for (const lane of [0, 1, 2, 3] as const) {
        same((await put(client, log, [entry, random(10 + lane)], lane)).numbers, [1, 2], `numbers in lane ${lane}`)
        same(numbersOf(await pull(client, pullItem(log, { lane }))), [1, 2], `entries of lane ${lane}`)
      }
    },
  },
  {
    name: 'put-items-are-apart',
    section: 'Refusals',
    says: 'Refusals concern one item; the connection goes on.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const [log, unknown] = [await makeLog(client), createLog()]
      const puts = [log, unknown, log].map(({ id }) => ({
        log: id,
        lane: 2 as const,
        entries: [random(20)],
        covers: [],
      }))
      const { results } = await client.ask({ type: 'put', puts })
      same(
        results.map(({ refused, numbers }) => refused ?? numbers),
        [[1], 'refused', [2]],
        'results of a good, a refused and a good item',
      )
    },
  },
  {
    name: 'covered-entries',
    section,
    says: 'An item on lane 1 may name ids of lane 2 of the same log that its packs cover: those are dropped after 30 days, unless one is put again before.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      const tail = random(40)
      await put(client, log, [tail])
      same(
        (await put(client, log, [random(40)], 1, [signing.sha256(tail), random(32)])).numbers,
        [1],
        'the pack’s number',
      )
      same(numbersOf(await pull(client, pullItem(log))), [1], 'the covered entry, for now')
      same((await put(client, log, [tail])).numbers, [1], 'its number when it is put again')
    },
  },
]
