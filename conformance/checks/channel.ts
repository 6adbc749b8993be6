import { channelPrologue, type ChannelPurpose, startHandshake } from '@kith/core/crypto/channel'
import { channelling } from '../channelling.ts'
import type { Client, Result } from '../client.ts'
import { expect, same, Skipped } from '../expect.ts'
import { createLog, openLog, pull, pullItem, put, random } from '../logs.ts'
import type { Check } from '../suite.ts'

const section = 'Channel'

async function askChannel(client: Client, purpose: ChannelPurpose, hubKey = client.hello.hubKey) {
  const handshake = startHandshake(channelling, hubKey, channelPrologue(purpose))
  const { results } = await client.ask({ type: 'channel', purpose, handshake: handshake.message })
  return { result: results[0] ?? {}, handshake }
}

async function askCarry(client: Client, url: string, hubKey: Uint8Array): Promise<Result> {
  const { results } = await client.ask({ type: 'carry', url, hubKey })
  return results[0] ?? {}
}

export const channelChecks: readonly Check[] = [
  {
    name: 'channel-wraps',
    section,
    says: 'after `channelled` every WebSocket message in both directions is one transport message of Noise.',
    async run({ connect, makeLog }) {
      const { inner } = await (await connect()).wrap()
      const log = await makeLog(inner)
      // Of one piece, and of several.
      const entries = [random(300), random(90_000)]
      same((await put(inner, log, entries)).refused ?? 'stored', 'stored', 'a put in a channel')
      const direct = await connect()
      await openLog(direct, log, 'read')
      for (const client of [inner, direct]) {
        const found = await pull(client, pullItem(log))
        same(
          found.entries.map(({ bytes }) => bytes),
          entries,
          'what was put',
        )
      }
    },
  },
  {
    name: 'channel-nonce',
    section,
    says: 'The hub begins with a hello of its own within, whose **nonce is the handshake’s hash** h; a client that finds another nonce, or another key, there leaves.',
    async run({ connect }) {
      const client = await connect()
      const { inner, hash } = await client.wrap()
      same([inner.hello.nonce, inner.hello.hubKey], [hash, client.hello.hubKey], 'nonce and key')
    },
  },
  {
    name: 'channel-proves',
    section,
    says: 'From then on the hub takes nothing on this connection but a `channel` of purpose 1, and ends it otherwise (`refused`).',
    async run({ connect }) {
      const client = await connect()
      const { result, handshake } = await askChannel(client, 'prove')
      expect(result.handshake !== undefined, `no proof: ${result.refused}`)
      try {
        handshake.finish(result.handshake)
      } catch {
        expect(false, 'what should prove the key was not made by it')
      }
      await expectEnd(client, async () => {
        await client.ask({ type: 'pull', pulls: [] })
      })
      const other = await connect()
      expect((await askChannel(other, 'prove')).result.handshake !== undefined, 'no proof')
      await other.wrap()
    },
  },
  {
    name: 'channel-once',
    section,
    says: 'Both once a connection, before any log is open, and `wrap` not within a channel: otherwise, and where the handshake was not made for this key, `refused`.',
    async run({ connect }) {
      const busy = await connect()
      await openLog(busy, createLog(), 'read')
      for (const purpose of ['prove', 'wrap'] as const)
        same((await askChannel(busy, purpose)).result.refused, 'refused', `${purpose} with a log open`)
      const { inner } = await (await connect()).wrap()
      same((await askChannel(inner, 'wrap')).result.refused, 'refused', 'a channel in a channel')
      const other = channelling.x25519PublicKey(random(32))
      const stranger = await connect()
      same((await askChannel(stranger, 'wrap', other)).result.refused, 'refused', 'a handshake for another key')
    },
  },
  {
    name: 'channel-pieces',
    section,
    says: 'A piece that does not open, in its place, ends the connection',
    async run({ connect }) {
      for (const bytes of [random(300), new Uint8Array(0)]) {
        const { outer } = await (await connect()).wrap()
        outer.send(bytes)
        await outer.ended()
      }
    },
  },
  {
    name: 'carry-not-itself',
    section: 'carry',
    says: '`not-carried`: the operator does not have this hub carry there (as the default is, to nobody), or it is this hub itself.',
    async run({ connect, url }) {
      const client = await connect()
      same((await askCarry(client, url, client.hello.hubKey)).refused, 'not-carried', 'to itself')
    },
  },
  {
    name: 'carry-first',
    section: 'carry',
    says: 'Only on a connection that has no log open, is in no channel and was not asked for a proof: whoever is carried is not carried on. `refused` otherwise.',
    async run({ connect, url }) {
      const busy = await connect()
      await openLog(busy, createLog(), 'read')
      same((await askCarry(busy, url, busy.hello.hubKey)).refused, 'refused', 'with a log open')
      const { inner } = await (await connect()).wrap()
      same((await askCarry(inner, url, inner.hello.hubKey)).refused, 'refused', 'in a channel')
      const proven = await connect()
      expect((await askChannel(proven, 'prove')).result.handshake !== undefined, 'no proof')
      await expectEnd(proven, () => askCarry(proven, url, proven.hello.hubKey))
    },
  },
  {
    name: 'carried',
    section: 'carry',
    says: 'From then on every message of either side is passed to the other as it is, at most 65,535 bytes each.',
    async run({ connect, carrier, url, makeLog }) {
      if (carrier === undefined) throw new Skipped('give --carrier, a hub that carries to this one, to try this')
      const direct = await connect()
      const { hubKey } = direct.hello
      const client = await connect({ url: carrier })
      const { refused } = await askCarry(client, url, hubKey)
      same(refused ?? 'carried', 'carried', 'what the carrier says')
      const { inner } = await client.wrap(hubKey)
      same(inner.hello.hubKey, hubKey, 'whose hello came')
      const log = await makeLog(inner)
      const entries = [random(300), random(90_000)]
      await put(inner, log, entries)
      await openLog(direct, log, 'read')
      const found = await pull(direct, pullItem(log))
      same(
        found.entries.map(({ bytes }) => bytes),
        entries,
        'what is there of what was put through the carrier',
      )
      const liar = await connect({ url: carrier })
      const other = channelling.x25519PublicKey(random(32))
      same((await askCarry(liar, url, other)).refused, 'not-reached', 'the same address by another key')
    },
  },
]

/** The request is not answered; the connection ends, with the reason. */
async function expectEnd(client: Client, ask: () => Promise<unknown>): Promise<void> {
  const answered = await ask().then(
    () => true,
    () => false,
  )
  expect(!answered, 'it answers what it should not take')
  same((await client.ended()).why, 'refused', 'why the connection ends')
}
