import { toHex } from '@kith/core/bytes'
import type { LaneCursor, ResumeItem } from '@kith/core/wire'
import type { Client, Result } from '../client.ts'
import { expect, same } from '../expect.ts'
import { createLog, cursorAt, type Log, prove, pull, pullItem, put, random, resume, ticketLog } from '../logs.ts'
import type { Bench, Check } from '../suite.ts'

const section = 'resume'

/** Opens logs by signatures to read and write, and shows a resumption key: the ticket for all of them. */
async function getTicket(client: Client, logs: readonly Log[], seed: Uint8Array): Promise<Uint8Array> {
  const items = logs.map((log) => ({
    policy: log.policy,
    proofs: [prove(client, log, 'read'), prove(client, log, 'write')],
  }))
  const { ticket } = await client.ask({ type: 'open', resumption: resume(client, seed), logs: items })
  expect(ticket !== undefined, 'no ticket was given')
  return ticket
}

/** Of that ticket; not followed unless cursors are given, and not even opened where they are undefined. */
function toItems(logs: readonly Log[], cursors: readonly (readonly LaneCursor[] | undefined)[] = []): ResumeItem[] {
  return logs.map((log, at) => ({
    ...ticketLog(log, 'read', 'write'),
    cursors: at in cursors ? cursors[at] : [],
  }))
}

type Shown = { ticket: Uint8Array; seed: Uint8Array; generation?: Uint8Array | undefined }

async function show(client: Client, { ticket, seed, generation }: Shown, logs: readonly ResumeItem[]): Promise<Result> {
  const message = { type: 'resume' as const, resumption: resume(client, seed), ticket, generation, logs }
  return (await client.ask(message)).results[0] ?? {}
}

/** A log with an entry on the tail that somebody put, and the ticket of who read it. */
async function makeRead({ connect, makeLog }: Bench, count: number) {
  const [owner, seed] = [await connect(), random(32)]
  const logs: Log[] = []
  for (let made = 0; made < count; made += 1) logs.push(await makeLog(owner))
  const ticket = await getTicket(owner, logs, seed)
  const entries = logs.map(() => random(200))
  let generation: Uint8Array | undefined
  for (const [at, log] of logs.entries()) generation = (await put(owner, log, [entries[at]!])).generation
  return { owner, logs, entries, shown: { ticket, seed, generation } }
}

export const ticketChecks: readonly Check[] = [
  {
    name: 'tickets-open',
    section,
    says: 'Opens again all that a ticket is for: one signature and one MAC, however many logs there are.',
    async run({ connect }) {
      const [logs, seed] = [[createLog(), createLog(), createLog()], random(32)]
      const ticket = await getTicket(await connect(), logs, seed)
      const client = await connect()
      const { others } = await show(client, { ticket, seed }, toItems(logs, [[], undefined]))
      same(others, [], 'logs that are named')
      const refused = []
      for (const log of logs) refused.push((await pull(client, pullItem(log))).refused ?? 'granted')
      same(
        refused,
        ['granted', 'refused', 'granted'],
        'pulls of two logs that were opened, and of one that was only named',
      )
      same((await put(client, logs[0]!, [])).refused ?? 'granted', 'granted', 'a put by a ticket to read and write')
    },
  },
  {
    name: 'tickets-are-bound',
    section,
    says: 'Another list, order, kind or right, a ticket of another hub or one that is over, and a resumption that is not rightly signed: all are refused alike, by one refusal for the whole request.',
    async run({ connect }) {
      const [logs, seed] = [[createLog(), createLog()], random(32)]
      const ticket = await getTicket(await connect(), logs, seed)
      const client = await connect()
      const stranger = await connect()
      const items = toItems(logs)
      const [first, second] = items as [ResumeItem, ResumeItem]
      const by = { ticket, seed }
      const attempts: Record<string, () => Promise<Result>> = {
        'by another resumption key': () => show(client, { ...by, seed: random(32) }, items),
        'by a resumption of another connection': async () => {
          const resumption = resume(stranger, seed)
          const message = { type: 'resume' as const, resumption, ticket, generation: undefined, logs: items }
          return (await client.ask(message)).results[0] ?? {}
        },
        'for another log': () => show(client, by, [first, { ...second, log: random(32) }]),
        'for one log less': () => show(client, by, [first]),
        'for one log more': () => show(client, by, [...items, { ...second, log: createLog().id }]),
        'in another order': () => show(client, by, [second, first]),
        'with more rights': () => show(client, by, [first, { ...second, rights: 7 }]),
        'of another kind': () => show(client, by, [first, { ...second, kind: 'media' }]),
        'with a later end': () =>
          show(client, { ...by, ticket: ticket.map((byte, at) => (at === 3 ? 255 : byte)) }, items),
        'that is random': () => show(client, { ...by, ticket: random(40) }, items),
      }
      for (const [what, attempt] of Object.entries(attempts))
        same((await attempt()).refused ?? 'granted', 'refused', `a ticket ${what}`)
      same((await show(client, by, items)).others, [], 'logs that are named by the right ticket afterwards')
    },
  },
  {
    name: 'tickets-beget-none',
    section: 'open',
    says: 'What needed no signature is not in it, and nothing that was opened by another ticket.',
    async run({ connect }) {
      const [log, box, seed] = [createLog(), createLog('knock'), random(32)]
      const client = await connect()
      const resumption = resume(client, seed)
      const items = [{ policy: box.policy, proofs: [] }]
      const open = await client.ask({ type: 'open', resumption, logs: items })
      expect(open.ticket === undefined, 'a ticket was given for what is open to everybody')
      const proofs = [prove(client, log, 'read')]
      const plain = await client.ask({ type: 'open', resumption: undefined, logs: [{ policy: log.policy, proofs }] })
      expect(plain.ticket === undefined, 'a ticket was given although no resumption key was shown')
    },
  },
  {
    name: 'resume-follows',
    section,
    says: 'A log that has nothing beyond its cursors is **followed** in these lanes from there, as by a `pull` with the request’s number, and not named in the answer.',
    async run(bench) {
      const { owner, logs, entries, shown } = await makeRead(bench, 2)
      const client = await bench.connect()
      const stands = [[cursorAt(0, 0), cursorAt(2, 1, entries[0])], [cursorAt(2, 1, entries[1])]]
      same((await show(client, shown, toItems(logs, stands))).others, [], 'logs that are named')
      for (const log of logs) await put(owner, log, [random(200)], 0)
      for (const log of logs) await put(owner, log, [random(200)])
      for (const [log, lane] of [
        [logs[0]!, 0],
        [logs[0]!, 2],
        [logs[1]!, 2],
      ] as const) {
        const pushed = await client.next('entries')
        same([toHex(pushed.log), pushed.lane, pushed.request], [toHex(log.id), lane, 0], 'what is pushed')
      }
    },
  },
  {
    name: 'resume-names-news',
    section,
    says: 'Code 0: it is open, and there is news: the client pulls. `other-generation`: it is open, and a cursor names a number that was never given, or under which another entry is: the client compares this log.',
    async run(bench) {
      const { owner, logs, entries, shown } = await makeRead(bench, 4)
      await put(owner, logs[1]!, [random(200)])
      const client = await bench.connect()
      const stands = [
        [cursorAt(2, 1, entries[0])],
        [cursorAt(2, 1, entries[1])],
        [cursorAt(2, 2, entries[2])],
        [cursorAt(2, 1, random(32))],
      ]
      const { others } = await show(client, shown, toItems(logs, stands))
      same(
        others?.map(({ at, why }) => [at, why?.refused ?? 'news']),
        [
          [1, 'news'],
          [2, 'other-generation'],
          [3, 'other-generation'],
        ],
        'logs that are named',
      )
      same((await pull(client, pullItem(logs[3]!))).news, true, 'news of a log whose cursor means nothing')
    },
  },
  {
    name: 'resume-of-another-generation',
    section,
    says: 'Where `generation` is not the hub’s, or empty, all are open and none is followed.',
    async run(bench) {
      const { logs, entries, shown } = await makeRead(bench, 1)
      const client = await bench.connect()
      const items = toItems(logs, [[cursorAt(2, 1, entries[0])]])
      const answer = await show(client, { ...shown, generation: random(16) }, items)
      same([answer.generation, answer.others], [shown.generation, []], 'the generation, and logs that are named')
      same((await pull(client, pullItem(logs[0]!))).news, true, 'news of the log')
    },
  },
]
