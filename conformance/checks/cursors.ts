import { same } from '../expect.ts'
import { createLog, numbersOf, openLog, pull, pullItem, put, random, signing } from '../logs.ts'
import type { Check } from '../suite.ts'

const section = 'Cursors and generations'

export const cursorChecks: readonly Check[] = [
  {
    name: 'generation',
    section,
    says: 'A cursor is (generation, lane, n).',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      const stored = await put(client, log, [random(20)])
      const opened = await openLog(await connect(), createLog())
      const started = await pull(client, pullItem(log))
      same(
        [stored.generation, started.generation],
        [opened.generation, opened.generation],
        'the generation, told three times',
      )
    },
  },
  {
    name: 'other-generation',
    section,
    says: "An item whose generation is not the hub's, or whose n was never given, is refused with `other-generation`: the hub may have lost entries, or given their numbers to others.",
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      const { generation } = await put(client, log, [random(20), random(20)])
      const pulls = [
        pullItem(log, { generation: random(16), n: 1 }),
        pullItem(log, { generation, n: 3 }),
        pullItem(log, { generation, n: 1000, mode: 'before' }),
        pullItem(log, { generation, n: 2 }),
      ]
      const { results } = await client.ask({ type: 'pull', pulls })
      same(
        results.map(({ refused, news }) => refused ?? news),
        ['other-generation', 'other-generation', 'other-generation', false],
        'another generation, n past the end in both modes, and a right cursor',
      )
    },
  },
  {
    name: 'cursor-check',
    section,
    says: 'A client should keep the id of the entry at its cursor and, once a connection and lane, pull mode 1 before n + 1 with limit 1 and ids only.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      const last = random(20)
      const { generation } = await put(client, log, [random(20), last])
      const found = await pull(client, pullItem(log, { mode: 'before', generation, n: 3, limit: 1, idsOnly: true }))
      same(numbersOf(found), [2], 'the number at the cursor')
      same(found.entries[0]?.id, signing.sha256(last), 'the id at the cursor')
    },
  },
]
