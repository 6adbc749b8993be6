import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { type Child, startChild } from './child.fixture.ts'
import { chooseSeed, createRandom, inScene, type Scene, until } from './conditions.fixture.ts'
import { type HubProcess, startHubProcess } from './hubs.fixture.ts'

/** Kills of each kind; `KILLS=100` for a long night. */
const kills = Number(process.env['KILLS'] ?? 25)
/** Written before a kill falls: so many acknowledgements, chosen anew each time, and then so many milliseconds on. */
const acknowledgedMost = 40
const extraMsMost = 15
/** Two devices that write without rest would only fill the log that is compared after each kill of the hub. */
const paceMs = 10

type Told = { readonly issued?: string; readonly acknowledged?: string }
type Shown = { readonly entries: readonly { readonly id: string; readonly title: string; readonly votes: number }[] }

/** What was promised by all lives of one device. */
type Ledger = { readonly issued: Set<string>; readonly acknowledged: Set<string> }

const note = (ledger: Ledger, child: Child): void => {
  for (const { issued, acknowledged } of child.told as readonly Told[]) {
    if (issued !== undefined) ledger.issued.add(issued)
    if (acknowledged !== undefined) ledger.acknowledged.add(acknowledged)
  }
}

const acknowledgedBy = (child: Child): number =>
  (child.told as readonly Told[]).filter(({ acknowledged }) => acknowledged !== undefined).length

const startDevice = (scene: Scene, name: string, hubs: readonly HubProcess[]): Child =>
  scene.ends(startChild('device.fixture.ts', scene.path(name), name, hubs.map(({ url }) => url).join()), (child) =>
    child.kill(),
  )

/** A write load that ends with its process. */
const startWriting = (child: Child, counterId: string, label: string, paceMs = 0): void => {
  child.call('write', counterId, label, paceMs).catch(() => {})
}

/** Every acknowledged insert is there once and its vote counted; what was never issued is not there. */
const assertKept = async (child: Child, counterId: string, ledger: Ledger, where: string): Promise<void> => {
  const { entries } = JSON.parse(await child.call<string>('readAll')) as Shown
  const shown = entries.filter(({ id }) => id !== counterId).map(({ title }) => title)
  assert.equal(new Set(shown).size, shown.length, `${where}: nothing is there twice`)
  const there = new Set(shown)
  const lost = [...ledger.acknowledged].filter((title) => !there.has(title))
  assert.deepEqual(lost, [], `${where}: nothing acknowledged is lost`)
  assert.deepEqual(
    shown.filter((title) => !ledger.issued.has(title)),
    [],
    `${where}: nothing is there that nobody wrote`,
  )
  const votes = entries.find(({ id }) => id === counterId)?.votes ?? 0
  assert.ok(votes >= ledger.acknowledged.size, `${where}: ${votes} votes, ${ledger.acknowledged.size} acknowledged`)
  assert.ok(votes <= ledger.issued.size, `${where}: ${votes} votes, ${ledger.issued.size} issued`)
}

type SpaceStatus = { hubs: { pending: number; caughtUp: boolean }[] }

const untilEverywhere = async (children: readonly Child[]): Promise<void> => {
  for (const child of children) {
    await until('every hub has everything', async () =>
      (await child.call<SpaceStatus>('spaceStatus')).hubs.every(({ caughtUp, pending }) => caughtUp && pending === 0),
    )
  }
  const [first, ...others] = children as [Child, ...Child[]]
  for (const other of others) {
    await until(
      'all devices show the same',
      async () => (await first.call('readAll')) === (await other.call('readAll')),
    )
  }
}

const begin = (context: TestContext) => {
  const seed = chooseSeed()
  context.diagnostic(`seed ${seed}: SEED=${seed} npm test packages/node/src/journeys/kills.alone.test.ts`)
  return createRandom(seed)
}

const summary = (ledger: Ledger): string =>
  `${ledger.acknowledged.size} changes acknowledged of ${ledger.issued.size} issued`

test(`a device that is killed ${kills} times in a write load loses nothing that it acknowledged`, async (context) => {
  await inScene(async (scene) => {
    const random = begin(context)
    const hubs = [await startHubProcess(scene, 'first'), await startHubProcess(scene, 'second')]
    let alice = startDevice(scene, 'alice', hubs)
    const bob = startDevice(scene, 'bob', hubs)
    await alice.call('create', 'Home')
    await bob.call('join', await alice.call('invite'))
    const [counterId = ''] = await alice.call<string[]>('insert', 'the counter')
    const ledger: Ledger = { issued: new Set(), acknowledged: new Set() }
    for (let round = 0; round < kills; round += 1) {
      startWriting(alice, counterId, `life ${round}`)
      const least = 1 + random(acknowledgedMost)
      const extraAt = performance.now() + random(extraMsMost)
      await until('enough is acknowledged', () => acknowledgedBy(alice) >= least && performance.now() > extraAt)
      await alice.kill()
      note(ledger, alice)
      alice = startDevice(scene, 'alice', hubs)
      await assertKept(alice, counterId, ledger, `kill ${round + 1}`)
    }
    await untilEverywhere([alice, bob])
    await assertKept(bob, counterId, ledger, 'at Bob')
    context.diagnostic(`${kills} kills of a device: ${summary(ledger)}`)
  })
})

test(`a hub that is killed ${kills} times in a write load loses nothing that a device acknowledged`, async (context) => {
  await inScene(async (scene) => {
    const random = begin(context)
    const hub = await startHubProcess(scene, 'hub')
    const alice = startDevice(scene, 'alice', [hub])
    const bob = startDevice(scene, 'bob', [hub])
    await alice.call('create', 'Home')
    await bob.call('join', await alice.call('invite'))
    const [counterId = ''] = await alice.call<string[]>('insert', 'the counter')
    await until('Bob has the counter', async () => (await bob.call<string>('readAll')).includes(counterId))
    startWriting(alice, counterId, 'alice', paceMs)
    startWriting(bob, counterId, 'bob', paceMs)
    for (let round = 0; round < kills; round += 1) {
      // A kill before anybody is connected would prove nothing.
      await until('both are connected', async () => (await isConnected(alice)) && (await isConnected(bob)))
      const least = acknowledgedBy(alice) + 1 + random(acknowledgedMost)
      const extraAt = performance.now() + random(extraMsMost)
      await until('writing goes on', () => acknowledgedBy(alice) >= least && performance.now() > extraAt)
      await hub.kill()
      await hub.start()
    }
    await Promise.all([alice.call('stop'), bob.call('stop')])
    await untilEverywhere([alice, bob])
    const ledger: Ledger = { issued: new Set(), acknowledged: new Set() }
    for (const child of [alice, bob]) note(ledger, child)
    for (const child of [alice, bob]) await assertKept(child, counterId, ledger, 'after all kills')
    // Somebody new has only the hub to learn from.
    const carol = startDevice(scene, 'carol', [hub])
    await carol.call('join', await alice.call('invite'))
    await untilEverywhere([alice, carol])
    await assertKept(carol, counterId, ledger, 'at Carol, from the hub alone')
    context.diagnostic(`${kills} kills of a hub: ${summary(ledger)}; it holds ${JSON.stringify(await hub.totals())}`)
  })
})

const isConnected = async (child: Child): Promise<boolean> =>
  (await child.call<SpaceStatus>('spaceStatus')).hubs.every(({ caughtUp }) => caughtUp)
