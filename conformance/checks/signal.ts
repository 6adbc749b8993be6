import { toHex, utf8 } from '@kith/core/bytes'
import type { Client } from '../client.ts'
import { same } from '../expect.ts'
import { createLog, type Log, openLog, pull, pullItem, random, signal, signing } from '../logs.ts'
import { policyToLogId } from '@kith/core/wire'
import type { Check } from '../suite.ts'

const section = 'signal'

export const signalChecks: readonly Check[] = [
  {
    name: 'signal-to-all',
    section,
    says: 'Passes bytes to the other connections that have the log open with the read right, or, if `to` is not empty, to the one of that name.',
    async run({ connect }) {
      const log = createLog()
      const [a, b, c, writer] = [await connect(), await connect(), await connect(), await connect()]
      for (const client of [a, b, c]) await openLog(client, log, 'read')
      await openLog(writer, log, 'write')
      // The largest that there may be.
      const bytes = random(64 * 1024)
      same((await signal(a, log, bytes)).refused ?? 'done', 'done', 'a signal')
      for (const client of [b, c]) {
        const heard = await client.next('heard')
        same([heard.log, heard.bytes], [log.id, bytes], 'what others hear')
      }
      // Who can only write hears nothing, and nobody hears what he said himself: an answer of theirs comes after it.
      await signal(b, log, utf8('back'))
      same((await a.next('heard')).bytes, utf8('back'), 'what the first hears')
      await writer.ask({ type: 'pull', pulls: [] })
      same(writer.waiting().length, 0, 'messages to one without the read right')
    },
  },
  {
    name: 'signal-to-one',
    section,
    says: "Others get `[11, log, from, bytes]`, where `from` is the sender's name on the log.",
    async run({ connect }) {
      const log = createLog()
      const [a, b, c] = [await connect(), await connect(), await connect()]
      for (const client of [a, b, c]) await openLog(client, log, 'read')
      await signal(c, log, utf8('here I am'))
      const { from } = await a.next('heard')
      await b.next('heard')
      await signal(a, log, utf8('to one'), from)
      await signal(a, log, utf8('to all'))
      same((await c.next('heard')).bytes, utf8('to one'), 'what the one hears')
      same((await b.next('heard')).bytes, utf8('to all'), 'what the other hears first')
    },
  },
  {
    name: 'listener-names',
    section,
    says: 'A name is random for each connection and log, and the same as long as both are.',
    async run({ connect }) {
      const [a, b, listener] = [await connect(), await connect(), await connect()]
      const [log, second] = [createLog(), createLog()]
      for (const client of [a, b, listener]) for (const one of [log, second]) await openLog(client, one, 'read')
      const nameOf = async (client: Client, one: Log): Promise<string> => {
        await signal(client, one, utf8('x'))
        return toHex((await listener.next('heard')).from)
      }
      const names = [await nameOf(a, log), await nameOf(a, second), await nameOf(b, log)]
      same(new Set(names).size, 3, 'different names on two logs and two connections')
      await openLog(a, log, 'write')
      same(await nameOf(a, log), names[0], 'the name after the log was opened again')
    },
  },
  {
    name: 'signal-needs-a-right',
    section,
    says: 'Needs any right.',
    async run({ connect }) {
      const log = createLog()
      const client = await connect()
      same((await signal(client, log, utf8('x'))).refused ?? 'done', 'refused', 'a signal on a log that is not open')
      await openLog(client, log, 'admin')
      same((await signal(client, log, utf8('x'))).refused ?? 'done', 'done', 'one by the admin right')
    },
  },
  {
    name: 'signal-is-not-kept',
    section,
    says: 'Nothing is kept; who is not there or reads too slowly misses it; `done` says only that the hub took it.',
    async run({ connect }) {
      const keyed = createLog()
      const policy = { ...keyed.policy, admin: 'none' as const }
      const log = { ...keyed, policy, id: policyToLogId(policy, signing) }
      const [a, late] = [await connect(), await connect()]
      await openLog(a, log, 'read')
      same((await signal(a, log, utf8('nobody is there'))).refused ?? 'done', 'done', 'a signal that nobody hears')
      await openLog(late, log, 'read')
      same((await pull(late, pullItem(log))).news, false, 'news of the log')
      await signal(a, log, utf8('now'))
      same((await late.next('heard')).bytes, utf8('now'), 'what somebody hears who came later')
    },
  },
]
