import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Child, startChild } from './child.fixture.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { type HubProcess, startHubProcess } from './hubs.fixture.ts'

const startDevice = (scene: Scene, name: string, hubs: readonly HubProcess[]): Child =>
  scene.ends(startChild('device.fixture.ts', scene.path(name), name, hubs.map(({ url }) => url).join()), (child) =>
    child.kill(),
  )

/** Alice has a space on these hubs, Bob has joined it. */
const meet = async (scene: Scene, hubs: readonly HubProcess[]): Promise<{ alice: Child; bob: Child }> => {
  const alice = startDevice(scene, 'alice', hubs)
  const bob = startDevice(scene, 'bob', hubs)
  await alice.call('create', 'Home')
  await bob.call('join', await alice.call('invite'))
  return { alice, bob }
}

const shows = async (child: Child, text: string): Promise<boolean> =>
  (await child.call<string>('readAll')).includes(text)

const agree = async (one: Child, other: Child): Promise<boolean> =>
  (await one.call('readAll')) === (await other.call('readAll'))

type SpaceStatus = { hubs: { url: string; pending: number; caughtUp: boolean }[] }

/** Every hub has all that this device has. */
const isEverywhere = async (child: Child): Promise<boolean> =>
  (await child.call<SpaceStatus>('spaceStatus')).hubs.every(({ caughtUp, pending }) => caughtUp && pending === 0)

test('two processes see each other’s edits live, and each of two hubs gets everything', async () => {
  await inScene(async (scene) => {
    const hubs = [await startHubProcess(scene, 'first'), await startHubProcess(scene, 'second')]
    const { alice, bob } = await meet(scene, hubs)
    const [milk] = await alice.call<string[]>('insert', 'Buy milk')
    await until('Bob sees Alice’s row', () => shows(bob, 'Buy milk'))
    await bob.call('update', milk, { title: 'Buy oat milk' })
    await until('Alice sees Bob’s edit', () => shows(alice, 'oat'))
    await Promise.all([alice.call('vote', milk, 2), bob.call('vote', milk, 3)])
    await until('both have both votes', async () => (await shows(alice, '"votes":5')) && (await agree(alice, bob)))
    await until('both hubs have everything', async () => (await isEverywhere(alice)) && (await isEverywhere(bob)))
    // Somebody who knows the second hub alone finds all of it there.
    const carol = startDevice(scene, 'carol', [hubs[1] as HubProcess])
    const link = await alice.call<string>('invite')
    await hubs[0]?.kill()
    await carol.call('join', link)
    await until('Carol has it from the second hub', () => agree(carol, alice))
  })
})

test('a hub that was down gets what was written meanwhile', async () => {
  await inScene(async (scene) => {
    const [first, second] = [await startHubProcess(scene, 'first'), await startHubProcess(scene, 'second')]
    const { alice, bob } = await meet(scene, [first, second])
    await second.kill()
    await alice.call('insert', 'while it was down')
    await until('Bob has it by the first hub', () => shows(bob, 'while it was down'))
    await first.kill()
    await bob.call('insert', 'while all were down')
    await second.start()
    await until('Alice has Bob’s by the second hub', () => shows(alice, 'while all were down'))
    await first.start()
    await until('all agree, hubs too', async () => (await isEverywhere(alice)) && (await isEverywhere(bob)))
    assert.ok(await agree(alice, bob))
  })
})

test('a hub that lost its disk is healed by any member, and links made before go on working', async () => {
  await inScene(async (scene) => {
    const hub = await startHubProcess(scene, 'hub')
    const { alice, bob } = await meet(scene, [hub])
    const link = await alice.call<string>('invite')
    await alice.call('insert', ...Array.from({ length: 500 }, (_, at) => `row ${at}`))
    await bob.call('insert', 'by Bob')
    await Promise.all([alice.call('synced'), bob.call('synced')])
    await until('they agree', () => agree(alice, bob))
    await hub.kill()
    hub.wipe()
    await hub.start()
    await until('the hub has everything again', async () => (await isEverywhere(alice)) && (await isEverywhere(bob)))
    const carol = startDevice(scene, 'carol', [hub])
    await carol.call('join', link)
    await until('Carol finds all of it', () => agree(carol, alice))
    await carol.call('insert', 'by Carol')
    await until('everybody goes on', async () => (await shows(alice, 'by Carol')) && (await shows(bob, 'by Carol')))
  })
})

test('a hub that lost its disk is healed by a member who wrote nothing of it', async () => {
  await inScene(async (scene) => {
    const hub = await startHubProcess(scene, 'hub')
    const { alice, bob } = await meet(scene, [hub])
    const carol = startDevice(scene, 'carol', [hub])
    await carol.call('join', await alice.call('invite'))
    await carol.kill()
    await alice.call('insert', ...Array.from({ length: 50 }, (_, at) => `row ${at}`))
    await until('Bob has it', () => agree(alice, bob))
    await alice.kill()
    await hub.kill()
    hub.wipe()
    await hub.start()
    await until('Bob has brought all of it', () => isEverywhere(bob))
    const carolAgain = startDevice(scene, 'carol', [hub])
    await until('Carol has Alice’s rows', () => agree(carolAgain, bob))
  })
})

test('a killed hub begins a new generation and is compared with, not sent everything again', async (context) => {
  await inScene(async (scene) => {
    const hub = await startHubProcess(scene, 'hub')
    const { alice, bob } = await meet(scene, [hub])
    for (let round = 0; round < 20; round += 1) await alice.call('insert', `row ${round}`)
    await alice.call('insert', ...Array.from({ length: 200 }, (_, at) => `many ${at}`))
    await until('all is there', async () => (await isEverywhere(alice)) && (await isEverywhere(bob)))
    await until('they agree', () => agree(alice, bob))
    // What their persons' other devices would find them by is at the hub too, which is made a little later.
    await Promise.all([alice.call('delivered'), bob.call('delivered')])
    const before = await hub.totals()
    const sentBefore = await sentBytes(alice)
    await hub.kill()
    await hub.start()
    await alice.call('synced')
    await bob.call('synced')
    await alice.call('insert', 'after')
    await until('edits cross again', () => shows(bob, 'after'))
    await until('all is there', async () => (await isEverywhere(alice)) && (await isEverywhere(bob)))
    const after = await hub.totals()
    const sent = (await sentBytes(alice)) - sentBefore
    context.diagnostic(`${before.entries} entries before, ${after.entries} after; Alice sent ${sent} bytes to heal`)
    assert.equal(after.entries, before.entries + 1)
  })
})

const sentBytes = async (child: Child): Promise<number> =>
  (await child.call<{ hubs: { sentBytes: number }[] }>('status')).hubs.reduce((sum, hub) => sum + hub.sentBytes, 0)
