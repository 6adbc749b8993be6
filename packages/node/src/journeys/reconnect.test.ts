// A person of several spaces comes back to a hub: what is asked of it again, and that nothing is missed, whatever became of the hub meanwhile.
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import { toHex } from '@kith/core/bytes'
import { type ClientMessage, policyToLogId } from '@kith/core/wire'
import type { Hub } from '@kith/hub'
import { createNodeCrypto } from '../platform/crypto.ts'
import { startChild } from './child.fixture.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { withEar } from './ear.fixture.ts'
import { type Journal, journal } from './journal.fixture.ts'
import { createLine, type Line } from './lines.fixture.ts'
import { has, hubStatus, openHub, openPerson } from './people.fixture.ts'

const spaceCount = 6

const crypto = await createNodeCrypto()

/** What a device says to its hubs, and its line to them. */
const overhear = (): Line & { readonly said: ClientMessage[] } => {
  const said: ClientMessage[] = []
  const line = createLine()
  const listen = withEar((message) => said.push(message))
  return { ...line, said, on: (platform) => line.on(listen(platform)) }
}

type Story = {
  readonly alice: Kith
  /** Hers, in all of which Bob writes too. */
  readonly hers: readonly Journal[]
  readonly his: readonly Journal[]
  readonly ear: ReturnType<typeof overhear>
}

/** Alice in a process of several spaces, who has all that the hub has. */
const settle = async (scene: Scene, url: string): Promise<Story> => {
  const first = await openPerson(scene, 'alice', [url])
  const bob = await openPerson(scene, 'bob', [url])
  const ids: Journal['id'][] = []
  const his: Journal[] = []
  for (let at = 0; at < spaceCount; at += 1) {
    const space = await first.createSpace(journal, { name: `Space ${at}` })
    // Not used up: who closes such a link does it a little later, and writes under new keys meanwhile.
    his.push(await bob.join(journal, await space.invite({ role: 'writer', uses: 2 })))
    await space.tables.entries.insert({ title: `first of ${at}` })
    await space.synced()
    ids.push(space.id)
  }
  for (const space of his) await space.synced()
  await first.close()
  const ear = overhear()
  const alice = await openPerson(scene, 'alice', [url], ear.on)
  const hers: Journal[] = []
  for (const id of ids) hers.push(await alice.open(journal, id))
  for (const space of hers) await space.synced()
  await until('nothing is under way', async () => (await hubStatus(alice, url)).pending === 0)
  return { alice, hers, his, ear }
}

/** Forgets what was said until the device has said what a connection begins with. */
const back = async ({ alice, ear }: Story, url: string): Promise<void> => {
  await until('she is connected', async () => (await hubStatus(alice, url)).state === 'connected')
  await until('she has asked for her logs', () => ear.said.some(({ type }) => type === 'resume' || type === 'open'))
}

/** Bob writes to each space, and Alice has it. */
const writeToAll = async ({ hers, his }: Story, text: string): Promise<void> => {
  for (const space of his) await space.tables.entries.insert({ title: text })
  for (const space of hers) await until(`she has “${text}”`, () => has(space, text))
}

const typesOf = ({ ear }: Story): Set<string> => new Set(ear.said.map(({ type }) => type))

/** Logs that were opened by signatures, in hexadecimal. */
const signedOf = ({ ear }: Story): string[] =>
  ear.said
    .flatMap((message) => (message.type === 'open' ? message.logs : []))
    .map(({ policy }) => toHex(policyToLogId(policy, crypto)))

/** Those for which a ticket was shown too. */
const signedAgain = (story: Story): string[] => {
  const resumed = story.ear.said.flatMap((message) => (message.type === 'resume' ? message.logs : []))
  const shown = new Set(resumed.map(({ log }) => toHex(log)))
  return signedOf(story).filter((log) => shown.has(log))
}

/** Logs that were pulled, in hexadecimal. */
const pulledOf = ({ ear }: Story): Set<string> =>
  new Set(ear.said.flatMap((message) => (message.type === 'pull' ? message.pulls.map(({ log }) => toHex(log)) : [])))

const restart = async (scene: Scene, hub: Hub, options: Parameters<typeof openHub>[1]): Promise<Hub> => {
  await hub.close()
  return openHub(scene, { port: hub.port, ...options })
}

test('after a hub’s restart, who has all that it has asks once, pulls nothing, and is told what comes', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const hub = await openHub(scene, { storage })
    const story = await settle(scene, hub.url)
    const before = await hub.totals()
    story.ear.said.length = 0
    const again = await restart(scene, hub, { storage })
    await back(story, hub.url)
    await writeToAll(story, 'after the restart')
    const types = typesOf(story)
    assert.ok(types.has('resume') && !types.has('open'), [...types].join())
    assert.deepEqual([...pulledOf(story)], [])
    assert.equal((await again.totals()).logs, before.logs)
  })
})

test('who was away pulls what had news, and nothing else', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const story = await settle(scene, hub.url)
    const { ear, hers, his } = story
    ear.cut()
    await his[2]!.tables.entries.insert({ title: 'news' })
    await his[2]!.synced()
    ear.said.length = 0
    ear.mend()
    await back(story, hub.url)
    await until('she has it', () => has(hers[2]!, 'news'))
    const pulled = pulledOf(story)
    assert.equal(pulled.size, 1, 'one log')
    await writeToAll(story, 'later')
    assert.deepEqual([pulledOf(story), typesOf(story).has('open')], [pulled, false])
  })
})

test('a log that a hub has lost is compared and put again, by itself', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const hub = await openHub(scene, { storage })
    const story = await settle(scene, hub.url)
    const before = await hub.totals()
    await hub.close()
    // As if its operator had deleted one of Alice's.
    const database = new DatabaseSync(storage)
    const rows = database.prepare('SELECT pk, id FROM log ORDER BY entries DESC').all() as {
      pk: number
      id: Uint8Array
    }[]
    const hers = new Set(signedOf(story))
    const { pk, id } = rows.find((row) => hers.has(toHex(row.id)))!
    database.prepare('DELETE FROM entry WHERE log = ?').run(pk)
    database.prepare('DELETE FROM log WHERE pk = ?').run(pk)
    database.close()
    story.ear.said.length = 0
    const again = await openHub(scene, { port: hub.port, storage })
    await back(story, hub.url)
    await until('it is there again', async () => (await again.totals()).logs === before.logs)
    await writeToAll(story, 'after the loss')
    assert.deepEqual([...pulledOf(story)], [toHex(id)])
    assert.deepEqual(signedAgain(story), [])
  })
})

test('after a day tickets are over: logs are opened by signatures, and nothing is missed', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const hub = await openHub(scene, { storage })
    const story = await settle(scene, hub.url)
    story.ear.said.length = 0
    const now = () => Date.now() + 25 * 60 * 60 * 1000
    const clock = {
      now,
      monotonic: () => performance.now(),
      after: (ms: number, run: () => void) => {
        const timer = setTimeout(run, ms)
        return () => clearTimeout(timer)
      },
      soon: (run: () => void) => {
        const immediate = setImmediate(run)
        return () => clearImmediate(immediate)
      },
    }
    await restart(scene, hub, { storage, clock })
    await back(story, hub.url)
    await writeToAll(story, 'a day later')
    const types = typesOf(story)
    assert.ok(types.has('open') && !types.has('resume'), [...types].join())
  })
})

test('a hub that was killed has another generation: logs are opened by ticket, and compared', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('hub.db')
    const child = startChild('hub.fixture.ts', storage)
    scene.ends(child, () => child.kill())
    const port = await child.call<number>('port')
    const url = `ws://127.0.0.1:${port}`
    const story = await settle(scene, url)
    story.ear.said.length = 0
    await child.kill()
    const again = startChild('hub.fixture.ts', storage, String(port))
    scene.ends(again, () => again.kill())
    await again.call('port')
    await back(story, url)
    await writeToAll(story, 'after the kill')
    assert.ok(typesOf(story).has('resume'))
    assert.deepEqual(signedAgain(story), [])
    assert.ok(pulledOf(story).size >= spaceCount)
  })
})

test('a hub that lost everything is given everything again', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene, { storage: scene.path('hub.db') })
    const story = await settle(scene, hub.url)
    const before = await hub.totals()
    story.ear.said.length = 0
    const again = await restart(scene, hub, { storage: scene.path('other.db') })
    await back(story, hub.url)
    await writeToAll(story, 'on a new disk')
    assert.ok(signedAgain(story).length >= spaceCount, 'a ticket that is worth nothing there costs one round')
    // Boxes and links go with who made them.
    await until('spaces are there again', async () => (await again.totals()).logs >= spaceCount)
    assert.ok(before.logs >= spaceCount)
  })
})
