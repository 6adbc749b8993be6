import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inScene, until } from './conditions.fixture.ts'
import { journal, titles } from './journal.fixture.ts'
import { has, hubStatus, meet, offBy, openHub, openPerson, untilAgree } from './people.fixture.ts'

test('work goes on while no hub can be reached, says so, and syncs later', async () => {
  await inScene(async (scene) => {
    const first = await openHub(scene)
    await first.close()
    const alice = await openPerson(scene, 'alice', [first.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.tables.entries.insert({ title: 'offline' })
    await assert.rejects(hers.synced({ timeoutMs: 200 }), { code: 'hub-unreachable' })
    assert.equal((await hubStatus(alice, first.url)).problem?.code, 'hub-unreachable')
    assert.ok((await hubStatus(alice, first.url)).pending > 0)
    await openHub(scene, { port: first.port })
    await hers.synced()
    await until('her own spaces are there too', async () => (await hubStatus(alice, first.url)).pending === 0)
    const bob = await openPerson(scene, 'bob', [first.url])
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, his)
  })
})

test('without any hub, waiting for one ends at once', async () => {
  await inScene(async (scene) => {
    const alice = await openPerson(scene, 'alice', [])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const started = performance.now()
    await assert.rejects(hers.synced(), { code: 'hub-unreachable' })
    await hers.invite({ role: 'writer' })
    assert.ok(performance.now() - started < 2_000)
  })
})

test('closing while waiting for a hub ends the wait', async () => {
  await inScene(async (scene) => {
    const gone = await openHub(scene)
    await gone.close()
    const alice = await openPerson(scene, 'alice', [gone.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const waiting = assert.rejects(hers.synced({ timeoutMs: 60_000 }), { code: 'closed' })
    await alice.close()
    await waiting
  })
})

test('closing in the middle of everything loses nothing and throws nothing', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { alice, hers, bob, his } = await meet(scene, [hub.url])
    const writes: Promise<unknown>[] = []
    for (let at = 0; at < 200; at += 1) writes.push(hers.tables.entries.insert({ title: `row ${at}` }))
    await until('Bob is in the middle of it', () => has(his, 'row'))
    await Promise.all([alice.close(), bob.close()])
    await Promise.all(writes)
    const aliceAgain = await openPerson(scene, 'alice', [hub.url])
    const bobAgain = await openPerson(scene, 'bob', [hub.url])
    const hersAgain = await aliceAgain.open(journal, hers.id)
    assert.equal((await titles(hersAgain)).length, 200)
    await untilAgree(hersAgain, await bobAgain.open(journal, his.id))
  })
})

const hourMs = 60 * 60 * 1000

test('changes of a member whose clock is an hour ahead wait, and are applied when their time comes', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    let bobsLeadMs = 0
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const link = await hers.invite({ role: 'writer', uses: 2 })
    const bob = await openPerson(
      scene,
      'bob',
      [hub.url],
      offBy(() => bobsLeadMs),
    )
    const his = await bob.join(journal, link)
    await untilAgree(hers, his)
    await alice.close()
    await hub.close()
    // Without a hub nothing tells her that her clock is wrong.
    const ahead = await openPerson(
      scene,
      'alice',
      [],
      offBy(() => hourMs),
    )
    const aheads = await ahead.open(journal, hers.id)
    await aheads.tables.entries.insert({ title: 'from the future' })
    await openHub(scene, { port: hub.port })
    await until('it waits at Bob', async () => (await his.status()).waiting === 1)
    assert.equal(await has(his, 'from the future'), false)
    assert.match((await his.heldBack())[0]?.reason ?? '', /clock/)
    // What Bob writes meanwhile is not dragged along.
    const id = await his.tables.entries.insert({ title: 'now' })
    assert.ok(Math.abs((await his.explain(id)).time.getTime() - Date.now()) < 60_000)
    bobsLeadMs = hourMs
    await his.tables.entries.insert({ title: 'an hour later' })
    await until('it is applied', () => has(his, 'from the future'))
    assert.equal((await his.status()).waiting, 0)
    await until('she has what Bob wrote in the present', () => has(aheads, 'now'))
  })
})

test('a device whose clock is off goes by the hub’s, and says so', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers } = await meet(scene, [hub.url])
    const link = await hers.invite({ role: 'writer', uses: 2 })
    for (const [name, offMs] of [
      ['slow', -3 * hourMs],
      ['fast', 3 * hourMs],
    ] as const) {
      await (await openPerson(scene, name, [])).close()
      const kith = await openPerson(
        scene,
        name,
        [hub.url],
        offBy(() => offMs),
      )
      await until('it is told', async () => (await kith.status()).clock.warning)
      assert.ok(Math.abs((await kith.status()).clock.correctedMs + offMs) < 5_000)
      const space = await kith.join(journal, link)
      const id = await space.tables.entries.insert({ title: `by one whose clock is ${name}` })
      assert.ok(Math.abs((await space.explain(id)).time.getTime() - Date.now()) < 65_000)
      await untilAgree(space, hers)
    }
    assert.equal((await hers.status()).waiting, 0)
    const nearly = await openPerson(
      scene,
      'nearly',
      [hub.url],
      offBy(() => 30_000),
    )
    await until('connected', async () => (await hubStatus(nearly, hub.url)).state === 'connected')
    assert.equal((await nearly.status()).clock.warning, undefined)
  })
})

test('a person made while the clock was hours fast writes in the present once a hub has told', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const { hers } = await meet(scene, [hub.url])
    const carol = await openPerson(
      scene,
      'carol',
      [hub.url],
      offBy(() => 3 * hourMs),
    )
    const space = await carol.join(journal, await hers.invite({ role: 'writer' }))
    const id = await space.tables.entries.insert({ title: 'by Carol' })
    assert.ok(Math.abs((await space.explain(id)).time.getTime() - Date.now()) < 65_000)
  })
})

test('a hub that would move a set clock by more than a day is not believed, and that is said', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const behind = await openPerson(
      scene,
      'behind',
      [hub.url],
      offBy(() => -72 * hourMs),
    )
    await until('it is told', async () => (await behind.status()).clock.warning)
    const { clock } = await behind.status()
    assert.equal(clock.correctedMs, 0)
    assert.match(clock.warning ?? '', /72 hours behind/)
  })
})
