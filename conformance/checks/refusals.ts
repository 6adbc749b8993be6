import { decodeCbor, toHex } from '@kith/core/bytes'
import type { Client } from '../client.ts'
import { same, Skipped } from '../expect.ts'
import { createLog, cursorAt, type Log, openWith, prove, pullItem, put, random, resume, ticketLog } from '../logs.ts'
import type { Check } from '../suite.ts'

/** To a log that is written to at most; more would burden a hub of others. */
const politeBytesMax = 8 * 2 ** 20

type Attempt = (client: Client, log: Log) => Parameters<Client['ask']>[0]

const attempts: Readonly<Record<string, Attempt>> = {
  'an open without a proof': (_, { policy }) => ({
    type: 'open',
    resumption: undefined,
    logs: [{ policy, proofs: [] }],
  }),
  'an open by another’s key': (client, log) => ({
    type: 'open',
    resumption: undefined,
    logs: [{ policy: log.policy, proofs: [prove(client, { ...log, seeds: createLog().seeds }, 'read')] }],
  }),
  'a ticket that nobody gave': (client, log) => ({
    type: 'resume',
    resumption: resume(client, random(32)),
    ticket: random(40),
    generation: random(16),
    logs: [{ ...ticketLog(log, 'read'), cursors: [cursorAt(2, 1)] }],
  }),
  'a put': (_, { id }) => ({ type: 'put', puts: [{ log: id, lane: 2, entries: [random(100)], covers: [] }] }),
  'a pull': (_, log) => ({ type: 'pull', pulls: [pullItem(log)] }),
  'a signal': (_, { id }) => ({ type: 'signal', signals: [{ log: id, to: undefined, bytes: random(20) }] }),
  'a trim': (_, { id }) => ({ type: 'trim', trims: [{ log: id, ids: [random(32)] }] }),
  'a pay': (_, { id }) => ({ type: 'pay', pays: [{ log: id, tokens: [], works: [] }] }),
}

export const refusalChecks: readonly Check[] = [
  {
    name: 'refusals-alike',
    section: 'Refusals',
    says: 'not opened on this connection, wrong proof, expired or foreign ticket, right not proven: **alike in bytes**, for a hub does not tell which logs it has',
    async run({ connect, makeLog }) {
      const owner = await connect()
      const [kept, unknown] = [await makeLog(owner), createLog()]
      await put(owner, kept, [random(100)])
      for (const [what, attempt] of Object.entries(attempts)) {
        const answers = []
        for (const log of [kept, unknown]) {
          const client = await connect()
          const { frame } = await client.ask(attempt(client, log))
          answers.push(toHex(frame))
          same(toHex(frame).endsWith('820100'), true, `${what} is refused with [1, 0]`)
        }
        same(answers[0], answers[1], `${what} of a log that it has, and of one that it has not`)
      }
    },
  },
  {
    name: 'refused-leaves-nothing',
    section: 'put',
    says: 'A refused item left nothing behind, though followers may have seen it; its numbers are not given again in this generation, so that gaps are normal.',
    async run({ connect, makeLog }) {
      const owner = await connect()
      const log = await makeLog(owner)
      const stranger = await connect()
      await openWith(stranger, log, [prove(stranger, log, 'read')])
      same((await put(stranger, log, [random(50)])).refused ?? 'taken', 'refused', 'a put by who may only read')
      const { results } = await owner.ask({ type: 'pull', pulls: [pullItem(log)] })
      same(results[0]?.news, false, 'news of the log')
    },
  },
  {
    name: 'answers-are-deterministic',
    section: 'Frames',
    says: 'It is one deterministic CBOR item (RFC 8949 §4.2.1) made of **arrays, byte strings and unsigned integers up to 2^53 − 1 only**, all of definite length and in their shortest form, with nothing after it.',
    async run({ connect }) {
      const client = await connect()
      const { frame } = await client.ask({ type: 'terms', logs: [random(32)] })
      // A second reader, beside the wire codec's own: whole, deterministic CBOR.
      same(Array.isArray(decodeCbor(frame)), true, 'the answer is an array')
    },
  },
  {
    name: 'quota-of-a-log',
    section: 'put',
    says: 'A mailbox holds 16 MiB and 4,096 entries, other logs what the hello says: beyond, `quota-full`.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const { logBytesMax } = client.hello.limits
      if (logBytesMax > politeBytesMax)
        throw new Skipped(`${Math.round(logBytesMax / 2 ** 20)} MiB would have to be written; up to 8 are`)
      const log = await makeLog(client)
      let refused: string | undefined
      for (let sum = 0; refused === undefined && sum <= logBytesMax; sum += 2 ** 18)
        refused = (await put(client, log, [random(2 ** 18)])).refused
      same(refused ?? 'all was taken', 'quota-full', 'more than the log holds')
    },
  },
]
