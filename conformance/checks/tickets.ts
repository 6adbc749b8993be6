import type { Proof } from '@kith/core/wire'
import { expect, same } from '../expect.ts'
import { createLog, type Log, openLog, openWith, prove, random, resume } from '../logs.ts'
import type { Bench, Check } from '../suite.ts'

/** Opens a log by signatures and shows a resumption key; the ticket. */
async function getTicket({ connect }: Bench, log: Log, seed: Uint8Array): Promise<Uint8Array> {
  const client = await connect()
  const proofs = [prove(client, log, 'read'), prove(client, log, 'write')]
  const { ticket, refused } = await openWith(client, log, proofs, resume(client, seed))
  expect(ticket !== undefined, `no ticket was given: ${refused ?? 'granted'}`)
  return ticket
}

export const ticketChecks: readonly Check[] = [
  {
    name: 'tickets-open',
    section: 'open',
    says: 'A **ticket** opens the log on later connections, for one day, for whoever signs by the same resumption key: one signature re-opens hundreds of logs.',
    async run(bench) {
      const [logs, seed] = [[createLog(), createLog(), createLog()], random(32)]
      const tickets = await Promise.all(logs.map((log) => getTicket(bench, log, seed)))
      const client = await bench.connect()
      const items = logs.map(({ policy }, at) => ({ policy, proofs: [{ ticket: tickets[at]! }] as Proof[] }))
      const { results } = await client.ask({ type: 'open', resumption: resume(client, seed), logs: items })
      same(
        results.map(({ rights }) => rights),
        [3, 3, 3],
        'rights by tickets for read and write',
      )
    },
  },
  {
    name: 'tickets-are-bound',
    section: 'open',
    says: 'A resumption that is not rightly signed counts as none.',
    async run(bench) {
      const [log, other, seed] = [createLog(), createLog(), random(32)]
      const ticket = await getTicket(bench, log, seed)
      const client = await bench.connect()
      const stranger = await bench.connect()
      const right = resume(client, seed)
      const altered = ticket.map((byte, at) => (at === 0 ? byte | 4 : byte))
      const attempts = {
        'without a resumption': () => openWith(client, log, [{ ticket }]),
        'by another resumption key': () => openWith(client, log, [{ ticket }], resume(client, random(32))),
        'by a resumption of another connection': () => openWith(stranger, log, [{ ticket }], right),
        'for another log': () => openWith(client, other, [{ ticket }], right),
        'with more rights written into it': () => openWith(client, log, [{ ticket: altered }], right),
        'that is random': () => openWith(client, log, [{ ticket: random(41) }], right),
      }
      for (const [what, attempt] of Object.entries(attempts))
        same((await attempt()).refused ?? 'granted', 'refused', `a ticket ${what}`)
      same((await openWith(client, log, [{ ticket }], right)).rights, 3, 'rights by the right ticket afterwards')
    },
  },
  {
    name: 'tickets-beget-none',
    section: 'open',
    says: 'Tickets beget no tickets.',
    async run(bench) {
      const [log, seed] = [createLog(), random(32)]
      const ticket = await getTicket(bench, log, seed)
      const client = await bench.connect()
      const opened = await openWith(client, log, [{ ticket }], resume(client, seed))
      expect(opened.ticket === undefined, 'a log opened by a ticket gave another')
      const plain = await openLog(await bench.connect(), log)
      expect(plain.ticket === undefined, 'a ticket was given although no resumption key was shown')
    },
  },
]
