import { same } from '../expect.ts'
import { numbersOf, pull, pullItem, put, random, signing } from '../logs.ts'
import type { Bench, Check } from '../suite.ts'

const section = 'pull'

/** A log with ten small entries on the tail. */
async function prepare({ connect, makeLog }: Bench) {
  const client = await connect()
  const log = await makeLog(client)
  const entries = Array.from({ length: 10 }, () => random(50))
  const { generation } = await put(client, log, entries)
  const ask = (more: Parameters<typeof pullItem>[1]) => pull(client, pullItem(log, { generation, ...more }))
  return { client, log, entries, generation, ask }
}

export const pullChecks: readonly Check[] = [
  {
    name: 'pull-after',
    section,
    says: '`mode`: 0 after n, upwards; 1 before n, downwards (n = 0: from the newest); 2 the entries with these ids (others name none); 3 stop following.',
    async run(bench) {
      const { ask, entries } = await prepare(bench)
      const all = await ask({ n: 0, generation: undefined })
      same(numbersOf(all), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 'all, upwards')
      same(
        all.entries.map(({ bytes }) => bytes),
        entries,
        'their bytes',
      )
      same(numbersOf(await ask({ n: 7 })), [8, 9, 10], 'after 7')
    },
  },
  {
    name: 'pull-before',
    section,
    says: '`mode`: 0 after n, upwards; 1 before n, downwards (n = 0: from the newest); 2 the entries with these ids (others name none); 3 stop following.',
    async run(bench) {
      const { ask } = await prepare(bench)
      same(numbersOf(await ask({ mode: 'before', limit: 3 })), [10, 9, 8], 'from the newest, three')
      same(numbersOf(await ask({ mode: 'before', n: 4 })), [3, 2, 1], 'before 4')
      same((await ask({ mode: 'before', n: 1 })).news, false, 'news before 1')
    },
  },
  {
    name: 'pull-limit',
    section,
    says: 'the limit is reached, and there is more',
    async run(bench) {
      const { ask } = await prepare(bench)
      const some = await ask({ n: 3, limit: 2 })
      same([numbersOf(some), some.state], [[4, 5], 'limit'], 'two after 3')
      const rest = await ask({ n: 8, limit: 5 })
      same([numbersOf(rest), rest.state], [[9, 10], 'caught-up'], 'five after 8, where two are left')
    },
  },
  {
    name: 'pull-ids',
    section,
    says: 'caught up: nothing further in that direction (mode 2: all that the hub has of the ids was sent)',
    async run(bench) {
      const { ask, entries } = await prepare(bench)
      const ids = [random(32), signing.sha256(entries[4]!), signing.sha256(entries[5]!)]
      const found = await ask({ mode: 'ids', ids, generation: undefined })
      same([numbersOf(found), found.state], [[5, 6], 'caught-up'], 'two ids that it has, and one that it has not')
      const none = await ask({ mode: 'ids', ids: [random(32)], generation: undefined })
      same([none.news, none.entries.length, none.state], [true, 0, 'caught-up'], 'an id that it has not')
    },
  },
  {
    name: 'pull-ids-only',
    section,
    says: '`options`: 1 follow (only mode 0 with limit 0), 2 ids only (not with 1): the bytes of each entry are then empty.',
    async run(bench) {
      const { ask, entries } = await prepare(bench)
      const bare = await ask({ idsOnly: true })
      same(
        bare.entries.map(({ id }) => id),
        entries.map((bytes) => signing.sha256(bytes)),
        'ids',
      )
      same(
        bare.entries.every(({ bytes }) => bytes.length === 0),
        true,
        'entries without bytes',
      )
    },
  },
  {
    name: 'pull-without-news',
    section,
    says: 'News 0: nothing is beyond the cursor; the lane is caught up and no `entries` comes.',
    async run(bench) {
      const { client, ask } = await prepare(bench)
      same((await ask({ n: 10 })).news, false, 'news after the last')
      same((await ask({ lane: 0, generation: undefined })).news, false, 'news of an empty lane')
      await client.ask({ type: 'pull', pulls: [] })
      same(
        client.waiting().map(({ type }) => type),
        [],
        'messages that came unasked',
      )
    },
  },
  {
    name: 'pull-many',
    section,
    says: "News 1: `entries` messages with the request's number follow, those of several items mixed, each item's in order, until one has a state other than 0:",
    async run({ connect, makeLog }) {
      const client = await connect()
      const logs = [await makeLog(client), await makeLog(client)]
      // More than a frame holds.
      for (const log of logs)
        for (let part = 0; part < 2; part += 1)
          await put(
            client,
            log,
            Array.from({ length: 20 }, () => random(10_000)),
          )
      const { results } = await client.ask({ type: 'pull', pulls: logs.map((log) => pullItem(log)) }, 4711)
      same(
        results.map(({ news }) => news),
        [true, true],
        'news',
      )
      const numbers = new Map<string, number[]>(logs.map(({ id }) => [String(id), []]))
      for (let open = logs.length; open > 0; ) {
        const message = await client.next('entries')
        same(message.request, 4711, 'the request’s number')
        numbers.get(String(message.log))?.push(...message.entries.map(({ n }) => n))
        if (message.state !== 'more') open -= 1
      }
      const all = Array.from({ length: 40 }, (_, at) => at + 1)
      same([...numbers.values()], [all, all], 'numbers of both logs')
    },
  },
]
