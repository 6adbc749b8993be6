import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkDevice } from '../open-kith.ts'
import { type Child, startChild } from './child.fixture.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { startHubProcess } from './hubs.fixture.ts'

/** The goal is 500 in a minute: `SPACES=500 npm test revocation`. */
const spaces = Number(process.env['SPACES'] ?? 60)

const startOwner = (scene: Scene, url: string): Child =>
  scene.ends(startChild('owner.fixture.ts', scene.path('owner'), url), (child) => child.kill())

test(`a phone is cut out of ${spaces} spaces, though the device that does it is killed again and again`, async (context) => {
  await inScene(async (scene) => {
    const { url } = await startHubProcess(scene, 'hub')
    let owner = startOwner(scene, url)
    for (let at = 0; at < spaces; at += 20) await owner.call('createSpaces', at, Math.min(20, spaces - at))
    await until('the hub has them', async () => (await owner.call('pending')) === 0, 120_000)
    const code = await owner.call<string>('addDevice')
    const linking = await linkDevice({ path: scene.path('phone'), hubs: [url], code })
    const [, phone] = await Promise.all([owner.call('confirm'), linking.confirm()])
    await phone.close()

    const started = performance.now()
    await owner.call('revokeOther')
    const acknowledgedMs = performance.now() - started
    let left = await owner.call<number>('tasksLeft')
    assert.ok(left > 0, 'tasks are noted with the revocation')
    let kills = 0
    const killEach = Math.max(10, Math.floor(spaces / 4))
    for (let next = left - killEach; left > 0; left = await owner.call<number>('tasksLeft')) {
      if (left > next || next <= 0) continue
      await owner.kill()
      kills += 1
      next -= killEach
      owner = startOwner(scene, url)
    }
    const cutMs = performance.now() - started
    await until('the hub has all of it', async () => (await owner.call('pending')) === 0, 120_000)
    const syncedMs = performance.now() - started
    context.diagnostic(
      `${spaces} spaces: acknowledged after ${Math.round(acknowledgedMs)} ms, cut after ${Math.round(cutMs)} ms with ${kills} kills, at the hub after ${Math.round(syncedMs)} ms`,
    )
    assert.deepEqual(await owner.call('unfinished'), [])
  })
})
