import { createKith, type Kith } from '@kith/core'
import type { Platform } from '@kith/core/ports'
import { type Hub, type HubOptions, startHub } from '@kith/hub'
import { databaseFile } from '../open-kith.ts'
import { createNodePlatform } from '../platform/platform.ts'
import { type Scene, until } from './conditions.fixture.ts'
import { type Journal, journal, readAll } from './journal.fixture.ts'

/** A hub in this process, on real sockets. */
export const openHub = async (scene: Scene, options: Partial<HubOptions> = {}): Promise<Hub> =>
  scene.ends(await startHub({ storage: ':memory:', ...options }), (hub) => hub.close())

/** A person in this process, with real files and sockets; `change` swaps pieces of the platform. */
export const openPerson = async (
  scene: Scene,
  name: string,
  hubs: readonly string[],
  change: (platform: Platform) => Platform = (platform) => platform,
): Promise<Kith> => {
  const platform = await createNodePlatform(databaseFile(scene.path(name)))
  return scene.ends(await createKith(change(platform), { name, hubs }), (kith) => kith.close())
}

/** A clock that goes wrong by so much. */
export const offBy =
  (ms: () => number) =>
  (platform: Platform): Platform => ({
    ...platform,
    clock: { ...platform.clock, now: () => platform.clock.now() + ms() },
  })

export type Couple = { alice: Kith; bob: Kith; hers: Journal; his: Journal }

/** Alice and Bob with a space; each may use hubs of its own. */
export const meet = async (
  scene: Scene,
  hubs: readonly string[],
  bobsHubs: readonly string[] = hubs,
): Promise<Couple> => {
  const alice = await openPerson(scene, 'alice', hubs)
  const bob = await openPerson(scene, 'bob', bobsHubs)
  const hers = await alice.createSpace(journal, { name: 'Home' })
  const his = await bob.join(journal, await hers.invite({ role: 'writer', uses: 10 }))
  return { alice, bob, hers, his }
}

export const agree = async (one: Journal, other: Journal): Promise<boolean> =>
  (await readAll(one)) === (await readAll(other))

export const untilAgree = async (one: Journal, other: Journal): Promise<void> => {
  await until('both have the same', () => agree(one, other))
}

export const has = async (space: Journal, text: string): Promise<boolean> => (await readAll(space)).includes(text)

/** What this hub's refusals were, and its problem now. */
export const hubStatus = async (kith: Kith, url: string) => {
  const found = (await kith.status()).hubs.find((hub) => hub.url === url)
  if (!found) throw new Error(`${url} is not among the hubs.`)
  return found
}
