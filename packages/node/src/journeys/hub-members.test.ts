import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import type { Clock, Platform } from '@kith/core/ports'
import { frameToHubMessage, hubMessageToFrame } from '@kith/core/wire'
import type { Hub } from '@kith/hub'
import { inScene, until } from './conditions.fixture.ts'
import { withEar } from './ear.fixture.ts'
import { journal } from './journal.fixture.ts'
import { has, hubStatus, offBy, openHub, openPerson, untilAgree } from './people.fixture.ts'

const dayMs = 24 * 60 * 60 * 1000

const inviteOf = async (hub: Hub): Promise<string> => `${hub.url}#${(await hub.members.invite()).secret}`

/** Notes which kinds of messages were sent on each connection. */
const noteTypes = (connections: Set<string>[]) =>
  withEar(({ type }, connection) => void (connections[connection] ??= new Set()).add(type))

test('at a members’ hub a stranger’s entries wait and status says why; by an invite they go, and guests write along', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene, { access: { access: 'invited', tokensPerPeriod: 40 } })
    const connections: Set<string>[] = []
    const alice = await openPerson(scene, 'alice', [hub.url], noteTypes(connections))
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.tables.entries.insert({ title: 'before the invite' })
    const refused = await until('status says what is missing', async () => {
      const { problem, pending } = await hubStatus(alice, hub.url)
      return problem?.code === 'invite-needed' && pending > 0 && problem
    })
    assert.match(refused.message, /ask its operator for an invite/)
    assert.equal((await hubStatus(alice, hub.url)).membership, undefined)

    const invite = await inviteOf(hub)
    await alice.joinHub(invite)
    assert.ok((await hubStatus(alice, hub.url)).membership!.tokens > 0)
    await hers.synced({ timeoutMs: 20_000 })
    await until('nothing waits', async () => (await hubStatus(alice, hub.url)).pending === 0)

    const bob = await openPerson(scene, 'bob', [hub.url])
    await assert.rejects(bob.joinHub(invite), { code: 'bad-hub-invite' })
    for (const bad of ['', hub.url, `${hub.url}#abc`, `${invite}x`, `${invite}#`])
      await assert.rejects(bob.joinHub(bad), { code: 'bad-hub-invite' }, bad)
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    await his.tables.entries.insert({ title: 'by a guest' })
    await untilAgree(hers, his)
    assert.ok(await has(hers, 'by a guest'))

    // Who is a member, and what is written, are never said on one connection.
    const shown = connections.filter((types) => types.has('join') || types.has('issue'))
    assert.ok(shown.length >= 2)
    for (const types of shown)
      for (const type of ['open', 'put', 'pull', 'pay', 'signal']) assert.ok(!types.has(type), type)
    assert.ok(connections.some((types) => types.has('pay')))
  })
})

test('members and tokens outlive a restart of the device; the same invite again is no second membership', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene, { access: { access: 'metered', tokensPerPeriod: 40 } })
    const alice = await openPerson(scene, 'alice', [])
    const invite = await inviteOf(hub)
    await alice.joinHub(invite)
    await alice.joinHub(invite)
    const tokensOf = async (kith: Kith) => (await hubStatus(kith, hub.url)).membership!.tokens
    const before = await until('three batches are here, and her own logs are paid', async () => {
      const tokens = await tokensOf(alice)
      return tokens > 32 && (await hubStatus(alice, hub.url)).pending === 0 && tokens
    })
    await alice.close()
    const again = await openPerson(scene, 'alice', [])
    assert.equal(await tokensOf(again), before)
    const hers = await again.createSpace(journal, { name: 'Home' })
    await hers.synced({ timeoutMs: 20_000 })
    assert.ok((await tokensOf(again)) < before)
    assert.equal((await hub.members.list()).length, 1)
  })
})

test('when the tokens of a period are used up entries wait, status says until when, and the next period takes them', async () => {
  await inScene(async (scene) => {
    let aheadMs = 0
    const clock: Clock = {
      now: () => Date.now() + aheadMs,
      monotonic: () => performance.now() + aheadMs,
      after: (delayMs, run) => {
        const timer = setTimeout(run, Math.min(delayMs, 2 ** 31 - 1)).unref()
        return () => clearTimeout(timer)
      },
      soon: (run) => {
        const immediate = setImmediate(run)
        return () => clearImmediate(immediate)
      },
    }
    // Its own log, its space's and the boxes for its devices take them all.
    const hub = await openHub(scene, { access: { access: 'metered', tokensPerPeriod: 2, periodDays: 10 }, clock })
    const later = offBy(() => aheadMs)
    const alice = await openPerson(scene, 'alice', [hub.url], later)
    await alice.joinHub(await inviteOf(hub))
    const spaces = []
    for (const name of ['One', 'Two', 'Three', 'Four']) spaces.push(await alice.createSpace(journal, { name }))
    const problem = await until('the tokens are used up', async () => {
      const { problem: now, membership } = await hubStatus(alice, hub.url)
      return now?.code === 'tokens-used-up' && membership?.tokens === 0 && now
    })
    assert.match(problem.message, /used up until \d{4}-\d\d-\d\d/)
    assert.ok((await hubStatus(alice, hub.url)).pending > 0)
    await alice.close()
    for (let period = 0; period < 6; period += 1) {
      aheadMs += 10 * dayMs + 1
      const again = await openPerson(scene, 'alice', [hub.url], later)
      const isDone = await until('they are sent, or used up again', async () => {
        const { problem: now, pending, membership } = await hubStatus(again, hub.url)
        if (pending === 0) return 'sent'
        return now?.code === 'tokens-used-up' && membership?.tokens === 0 && /until/.test(now.message) && 'used up'
      })
      await again.close()
      if (isDone === 'sent') return
    }
    assert.fail('six periods were not enough')
  })
})

test('a hub that shows each connection another key gets no request for tokens', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene, { access: { access: 'invited' } })
    const connections: Set<string>[] = []
    const tag = (platform: Platform): Platform => ({
      ...platform,
      network: {
        connect: (url, events) =>
          platform.network.connect(url, {
            ...events,
            received: (frame) => {
              const message = frameToHubMessage(frame)
              if (message.type !== 'told') return events.received(frame)
              const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
              const modulus = new Uint8Array(Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url'))
              const keys = message.terms.keys.map((key) => ({ ...key, modulus }))
              events.received(hubMessageToFrame({ ...message, terms: { ...message.terms, keys } }))
            },
          }),
      },
    })
    const alice = await openPerson(scene, 'alice', [], (platform) => noteTypes(connections)(tag(platform)))
    await assert.rejects(alice.joinHub(await inviteOf(hub)), { code: 'hub-lied' })
    assert.ok(connections.every((types) => !types.has('issue')))
  })
})

test('work that an open hub asks for is done by itself, and told while it is', {
  timeout: 180_000,
}, async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene, { access: { work: 'always', workBits: 17 } })
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.tables.entries.insert({ title: 'worked for' })
    await until(
      'status tells of the work',
      async () => (await hubStatus(alice, hub.url)).workingMs !== undefined,
      60_000,
    )
    await until(
      'it is done',
      async () => {
        const { pending, workingMs } = await hubStatus(alice, hub.url)
        return pending === 0 && workingMs === undefined
      },
      150_000,
    )
  })
})
