import { same } from '../expect.ts'
import { numbersOf, openLog, pull, pullItem, put, random, signing, trim } from '../logs.ts'
import type { Check } from '../suite.ts'

export const trimChecks: readonly Check[] = [
  {
    name: 'trim-needs-admin',
    section: 'trim',
    says: 'Needs the admin right.',
    async run({ connect, makeLog }) {
      const owner = await connect()
      const log = await makeLog(owner)
      const client = await connect()
      await openLog(client, log, 'read', 'write')
      same((await trim(client, log, [random(32)])).refused ?? 'done', 'refused', 'a trim without it')
      same((await trim(owner, log, [random(32)])).refused ?? 'done', 'done', 'a trim with it')
    },
  },
  {
    name: 'trim-drops-later',
    section: 'trim',
    says: 'Entries with these ids, in any lane, are dropped 30 days later; a `put` of the same id before that cancels it.',
    async run({ connect, makeLog }) {
      const client = await connect()
      const log = await makeLog(client)
      const entry = random(30)
      await put(client, log, [entry, random(30)])
      same(
        (await trim(client, log, [signing.sha256(entry), random(32)])).done,
        true,
        'a trim of an id it has and one it has not',
      )
      same(numbersOf(await pull(client, pullItem(log))), [1, 2], 'entries for now')
      same((await put(client, log, [entry])).numbers, [1], 'the number of what is put again')
    },
  },
]
