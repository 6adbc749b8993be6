import { fromHex } from '@kith/core/bytes'
import { type Policy, policyToLogId } from '@kith/core/wire'
import { same } from '../expect.ts'
import { createLog, openLog, openWith, prove, pull, pullItem, put, random, signing } from '../logs.ts'
import type { Check } from '../suite.ts'

/** Public keys of which an Ed25519 signature proves nothing, or that are written in a second way. */
const badKeys: Readonly<Record<string, string>> = {
  'the point of order 4': '00'.repeat(32),
  'the neutral point': `01${'00'.repeat(31)}`,
  'a point of order 8': 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'a key with y = 2^255 − 19': `ed${'ff'.repeat(30)}7f`,
  'a key with y = 2^255 − 1': `${'ff'.repeat(31)}7f`,
}

export const openChecks: readonly Check[] = [
  {
    name: 'open-grants-what-is-proven',
    section: 'open',
    says: 'the rights that this connection now has on the log, as bits 1 read, 2 write, 4 admin (they add up over several opens)',
    async run({ connect, makeLog }) {
      const log = await makeLog(await connect())
      const client = await connect()
      same((await openLog(client, log, 'read')).rights, 1, 'rights after a proof of read')
      same((await put(client, log, [random(20)])).refused ?? 'taken', 'refused', 'a put without the write right')
      same((await openLog(client, log, 'write')).rights, 3, 'rights after a proof of write as well')
      same((await put(client, log, [random(20)])).refused ?? 'taken', 'taken', 'a put with it')
      const writer = await connect()
      same((await openLog(writer, log, 'write')).rights, 2, 'rights after a proof of write alone')
      same((await pull(writer, pullItem(log))).refused ?? 'granted', 'refused', 'a pull without the read right')
    },
  },
  {
    name: 'open-for-everybody',
    section: 'open',
    says: 'Rights that the policy gives to everybody need no proof.',
    async run({ connect }) {
      same((await openWith(await connect(), createLog('knock'), [])).rights, 2, 'rights on a knock box without a proof')
    },
  },
  {
    name: 'open-unknown-log',
    section: 'Policies and log ids',
    says: 'To open one that the hub has never seen succeeds like any other.',
    async run({ connect, makeLog }) {
      const writer = await connect()
      const known = await makeLog(writer)
      await put(writer, known, [random(20)])
      const client = await connect()
      const [first, second] = [await openLog(client, known, 'read'), await openLog(client, createLog(), 'read')]
      same([second.rights, second.generation], [first.rights, first.generation], 'rights and generation')
    },
  },
  {
    name: 'bad-policies',
    section: 'Policies and log ids',
    says: 'A policy is refused (`bad-policy`) if none of its keys is a key, if a mailbox could be written to by everybody, a mailbox or knock box read by everybody, or a knock box not written to by everybody, or if a key is not canonical (y ≥ 2^255 − 19) or of low order.',
    async run({ connect }) {
      const client = await connect()
      const { policy } = createLog()
      const bad: Record<string, Policy> = {
        'no key': { write: 'open', read: 'open', admin: 'none', kind: 'space' },
        'a mailbox that all write to': { ...policy, write: 'open', kind: 'mailbox' },
        'a mailbox that all read': { ...policy, read: 'open', kind: 'mailbox' },
        'a knock box that all read': { ...policy, write: 'open', read: 'open', kind: 'knock' },
        'a knock box that one writes to': { ...policy, kind: 'knock' },
      }
      for (const [what, hex] of Object.entries(badKeys)) bad[what] = { ...policy, admin: fromHex(hex) }
      const logs = [...Object.values(bad), policy].map((policy) => ({ policy, proofs: [] }))
      const { results } = await client.ask({ type: 'open', resumption: undefined, logs })
      Object.keys(bad).forEach((what, at) => same(results[at]?.refused ?? 'granted', 'bad-policy', what))
      same(results.at(-1)?.refused ?? 'granted', 'refused', 'a good policy beside them, without a proof')
    },
  },
  {
    name: 'proofs-are-bound',
    section: 'open',
    says: 'It is worth nothing on another connection, hub, log or right.',
    async run({ connect }) {
      const [client, other] = [await connect(), await connect()]
      const [log, foreign] = [createLog(), createLog()]
      const read = prove(client, log, 'read')
      const wrong = {
        'of another connection': prove(other, log, 'read'),
        'of another right': { ...read, right: 'write' as const },
        'of another log': prove(client, foreign, 'read'),
        'that is random': { right: 'read' as const, signature: random(64) },
        'by another key': {
          right: 'read' as const,
          signature: prove(client, { ...log, seeds: foreign.seeds }, 'read').signature,
        },
      }
      for (const [what, proof] of Object.entries(wrong))
        same((await openWith(client, log, [proof])).refused ?? 'granted', 'refused', `a proof ${what}`)
      same((await openWith(client, log, [read])).rights, 1, 'rights by the right proof afterwards')
    },
  },
  {
    name: 'one-wrong-proof',
    section: 'open',
    says: 'One wrong proof refuses the log, and so does a proof of a right that the policy gives to everybody or to nobody.',
    async run({ connect }) {
      const client = await connect()
      const log = createLog()
      const wrong = { right: 'write' as const, signature: random(64) }
      const both = await openWith(client, log, [prove(client, log, 'read'), wrong])
      same(both.refused ?? 'granted', 'refused', 'a right proof beside a wrong one')
      same((await pull(client, pullItem(log))).refused ?? 'granted', 'refused', 'a pull afterwards')
      const policy: Policy = { ...log.policy, write: 'none' }
      const locked = { ...log, policy, id: policyToLogId(policy, signing) }
      same(
        (await openWith(client, locked, [prove(client, locked, 'write')])).refused ?? 'granted',
        'refused',
        'a proof of a right that nobody has',
      )
    },
  },
]
