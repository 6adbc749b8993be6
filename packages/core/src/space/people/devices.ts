import { equalBytes, fromBase32, KithError, toBase32 } from '../../bytes/index.ts'
import {
  codeToSecret,
  createDeviceCode,
  createDeviceLink,
  encodeWelcome,
  secretOfLevel,
  secretsToLevel,
} from '../../keys/index.ts'
import { deviceCodeMs, linkHubsMax } from '../../limits/index.ts'
import type { Engine } from '../engine.ts'
import { homeApp, isTag, loadRecoveryLog } from '../identity.ts'
import type { Replica } from '../replica.ts'
import type { AddDeviceOptions, AddingDevice, Device, PeopleApi } from './api.ts'
import type { Homes } from './homes.ts'
import type { OwnDevice, OwnPerson } from './own-person.ts'
import { createHost, type Host } from './pairing.ts'
import type { Tasks } from './tasks.ts'

export type DevicesInput = {
  readonly engine: Engine
  readonly person: OwnPerson
  readonly homes: Homes
  readonly tasks: Tasks
  readonly replicaOf: (n: number) => Replica
  /** Our own log and a hub have the same. */
  readonly synced: (n: number) => Promise<void>
  /** As `synced`, and what was put on other logs is at a hub too. */
  readonly delivered: (n: number) => Promise<void>
  readonly wake: (n: number) => void
  readonly look: () => void
  /** Ends with the engine. */
  readonly ends: (end: () => void) => void
}

/** How long `addDevice` waits for a hub to take its offer. */
const offerMs = 10_000

export const createDevices = (input: DevicesInput): Pick<PeopleApi, 'devices' | 'addDevice' | 'revokeDevice'> => {
  const { engine, person, homes, tasks, replicaOf, synced, delivered, wake, look, ends } = input
  const { platform, personSpace } = engine
  const { crypto, clock } = platform
  const own = engine.person.device.signing.publicKey

  const toDevice = (device: OwnDevice, names: ReadonlyMap<string, string>): Device => {
    const id = toBase32(device.device)
    const apps = person.apps().filter(({ tag }) => device.tags.some((one) => isTag(one)({ tag })))
    return {
      id,
      name: names.get(id) ?? '',
      isThis: equalBytes(device.device, own),
      since: new Date(device.admittedMs),
      apps: apps.map(({ app }) => app).filter((app) => app !== homeApp),
      hasAllApps: apps.some(({ app }) => app === homeApp),
    }
  }

  const list = async (): Promise<Device[]> => {
    const named = await homes.things('device')
    const names = new Map(named.map(({ name, value }) => [name, typeof value === 'string' ? value : '']))
    return person.devices().map((device) => toDevice(device, names))
  }

  const withinOffer = (ready: readonly Promise<void>[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const cancel = clock.after(offerMs, () =>
        reject(
          new KithError('hub-unreachable', 'No hub could be reached, and the new device finds this one at a hub.'),
        ),
      )
      Promise.all(ready)
        .then(() => resolve(), reject)
        .finally(cancel)
    })

  const addDevice = async ({ apps }: AddDeviceOptions = {}): Promise<AddingDevice> => {
    const urls = engine.hubs().map(({ url }) => url)
    if (urls.length === 0)
      throw new KithError('hub-unreachable', 'No hub is set, and the new device finds this one at a hub.')
    const code = createDeviceCode(crypto)
    const secret = crypto.randomBytes(32)
    const { address, device } = engine.person
    const hosts = [codeToSecret(crypto, code), secret].map((one) =>
      createHost({
        platform,
        urls: urls.slice(0, linkHubsMax),
        secret: one,
        nowMs: engine.clock.nowMs,
        device: device.signing,
        address,
      }),
    )
    const cancel = (): void => {
      for (const host of hosts) host.end()
    }
    ends(cancel)
    const expires = new Date(engine.clock.nowMs() + deviceCodeMs)
    try {
      await withinOffer(hosts.map(({ ready }) => ready))
    } catch (cause) {
      cancel()
      throw cause
    }
    const first = meet(hosts)
    first.catch(() => {})
    const allowed = apps?.map((app) => (typeof app === 'string' ? app : app.id))
    return {
      code,
      link: createDeviceLink(crypto, secret, urls),
      expires,
      met: caught(first.then(({ check, name, apps: asked }) => ({ check, name, apps: asked }))),
      confirm: async () => {
        const met = await first
        await met.host.confirmed()
        return admit(met, chooseApps(allowed, met.apps))
      },
      cancel,
    }
  }

  type Met = Awaited<ReturnType<typeof meet>>

  const admit = async ({ host, device, name }: Met, apps: readonly string[]): Promise<Device> => {
    const tags = engine.whole(() => apps.map((app) => person.tagFor(app).tag))
    const admission = person.admit({ device: device.signing, sealing: device.sealing }, tags)
    await engine.unit.durable()
    wake(personSpace)
    const replica = replicaOf(personSpace)
    const epoch = replica.epochInUse()
    const recovery = loadRecoveryLog(engine.statements, personSpace)
    const level = epoch && secretsToLevel(epoch.secrets)
    const epochSecret = epoch && level && secretOfLevel(epoch.secrets, level)
    if (!epoch || !level || !epochSecret || !recovery)
      throw new KithError(
        'cannot-open',
        'The keys of your own log are not here yet. Wait until this device has synced.',
      )
    // The new device reads the log at a hub, and finds the homes of its apps there.
    await synced(personSpace)
    await homes.keep()
    const served = homes.all().filter((one) => tags.some((tag) => isTag(tag)(one)))
    await Promise.all(served.map(({ n }) => delivered(n)))
    const payload = encodeWelcome({
      person: engine.person.person,
      admission: admission.hash,
      addressSeed: engine.person.addressKey.seed,
      epoch: { hash: epoch.hash, level, secret: epochSecret },
      recovery,
      hubs: engine.hubs().map(({ url }) => url),
    })
    await host.welcome(payload)
    await homes.put({ kind: 'device', name: toBase32(device.signing), value: name })
    look()
    const added = (await list()).find(({ id }) => id === toBase32(device.signing))
    if (!added) throw new KithError('unknown-device', 'The device was revoked while it was being added.')
    return added
  }

  /** All that is asked for and allowed; with the home, what comes later is allowed too. */
  const chooseApps = (allowed: readonly string[] | undefined, asked: readonly string[] | undefined): string[] => {
    const known = person.apps().map(({ app }) => app)
    if (asked === undefined) return [...new Set(allowed ?? known)]
    return [...new Set(asked)].filter((app) => allowed === undefined || allowed.includes(app))
  }

  return {
    devices: list,
    addDevice,
    revokeDevice: async (id) => {
      const device = toDeviceKey(id)
      person.checkRevocable(device)
      // What comes before is committed by itself: if this fails, it alone is undone.
      engine.unit.commit()
      engine.whole(() => tasks.queueCuts(person.revoke(device).hash))
      await engine.unit.durable()
      wake(personSpace)
      look()
    },
  }
}

/** Whoever comes first, by the code or by the link, or what goes wrong first: the other is no longer waited for. */
const meet = async (hosts: readonly Host[]) => {
  const meetings = hosts.map(async (host) => {
    const { check, device } = await host.met
    return { host, check, device, name: device.name, apps: device.apps }
  })
  for (const meeting of meetings) meeting.catch(() => {})
  try {
    const first = await Promise.race(meetings)
    for (const host of hosts) if (host !== first.host) host.end()
    return first
  } catch (cause) {
    for (const host of hosts) host.end()
    throw cause
  }
}

/** Whoever looks at it hears of a failure; nobody need look. */
const caught = <Result>(promise: Promise<Result>): Promise<Result> => {
  promise.catch(() => {})
  return promise
}

const toDeviceKey = (id: string): Uint8Array => {
  try {
    const key = fromBase32(id)
    if (key.length === 32) return key
  } catch {
    // Said below.
  }
  throw new KithError('unknown-device', 'No device of yours has that id. See devices().')
}
