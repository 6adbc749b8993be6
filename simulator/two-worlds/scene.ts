import { createKith, type Kith } from '@kith/core'
import { createBlindRsa } from '@kith/core/crypto/blind'
import type { BlindRsa, Platform } from '@kith/core/ports'
import { carried, type Isolation } from '@kith/core/sync'
import { encodeCbor, toBase64Url } from '@kith/core/bytes'
import { frameToClientMessage, frameToHubMessage } from '@kith/core/wire'
import type { AccessOptions, Channel, Connection } from '@kith/hub'
import {
  createDice,
  createDisk,
  createSeededCrypto,
  createSimulatedPlatform,
  createTimeline,
  createWires,
  type Disk,
} from '@kith/testing/simulation'
import { startMs } from '../world/clock.ts'
import { createSimHub, type SimHub } from '../world/hub.ts'
import { createSimReach } from './reach.ts'
import { addTokenKey } from './token-key.ts'
import type { HubEvent } from './transcript.ts'

/** A person on one device, on virtual time; made of a platform that passes through `leak`, which tests of the comparison put there. */
export type Actor = {
  readonly name: string
  readonly kith: () => Kith
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
}

export type Leak = (actor: string, platform: Platform, after: (ms: number, run: () => void) => void) => Platform

/** Whose transcript it is: network addresses are left out unless they are asked for. */
export type SeenBy = 'hub' | 'hub, with addresses' | 'carrier, with addresses'

/** Goes through the one that carries, with `isolation.through`. */
export const carrierUrl = 'wss://carrier.example'

export type SceneOptions = {
  readonly isolation: Isolation
  /** Of a hub that is not open everybody becomes a member before anything else. */
  readonly access?: Partial<AccessOptions> | undefined
  readonly seenBy?: SeenBy | undefined
  readonly leak?: Leak | undefined
  /** Where connections are carried: a leak within the channel. */
  readonly leakWithin?: Leak | undefined
}

export type Scene = {
  readonly actor: (name: string) => Promise<Actor>
  /** Waits in virtual time. @throws what the promise rejects with; Error after a minute. */
  readonly until: <T>(promise: Promise<T>) => Promise<T>
  readonly pass: (ms: number) => Promise<void>
  /** Everybody ends; at a time that is the same in each world, these start anew. */
  readonly restart: (actors: readonly Actor[]) => Promise<void>
  /** What the hub meets counts from here: all, or what it sees of its members as such (who joins, and fetches tokens). */
  readonly record: (what?: 'all' | 'members') => void
  readonly events: readonly HubEvent[]
  readonly close: () => Promise<void>
}

/** When the second part begins, whatever the first was. */
const restartAtMs = 600_000

export const createScene = (
  seed: string,
  { isolation, access, seenBy = 'hub', leak = asItIs, leakWithin = asItIs }: SceneOptions,
): Scene => {
  const defects: unknown[] = []
  const defect = (cause: unknown): void => void defects.push(cause)
  const timeline = createTimeline(defect)
  const wires = createWires(timeline, createDice('wires'), { note: () => {}, noteBytes: () => {} })
  // Chance on the way would hide what is different, or look as if it were.
  wires.setDelay(1)
  const hub = createSimHub('hub', `${seed}/hub`, timeline, defect, { access })
  const carrier = createSimHub('carrier', `${seed}/carrier`, timeline, defect, {
    forward: { isPublic: true, hubs: [] },
    reach: createSimReach(
      wires.network('carrier', () => true),
      createSeededCrypto(`${seed}/reach`),
    ),
  })
  const actors: { actor: Actor; disk: Disk }[] = []
  const events: HubEvent[] = []
  let recorded: 'nothing' | 'all' | 'members' = 'nothing'
  let beginMs = 0
  let connections = 0
  const note = (connection: number, what: HubEvent['what'], frame?: Uint8Array): void => {
    if (recorded === 'all' || (recorded === 'members' && frame && isOfMembers(what, frame)))
      events.push({ atMs: timeline.now() - beginMs, connection, what, frame: frame?.slice() })
  }
  const serve = (of: SimHub, device: string, channel: Channel): Connection | undefined => {
    if (!seenBy.startsWith(of.name)) return of.accept(device, channel)
    const n = (connections += 1)
    const seal = createSealedView()
    note(n, 'opened', seenBy === 'hub' ? undefined : encodeCbor(device))
    const served = of.accept(device, {
      ...channel,
      send: (frame) => {
        note(n, 'from hub', seal.fromHub(frame))
        channel.send(frame)
      },
    })
    return (
      served && {
        ...served,
        receive: (frame) => {
          note(n, 'from client', seal.fromClient(frame))
          served.receive(frame)
        },
        closed: () => {
          note(n, 'closed')
          served.closed()
        },
      }
    )
  }
  for (const each of [hub, carrier])
    wires.addHub({ name: each.name, url: each.url, accept: (device, channel) => serve(each, device, channel) })

  /** What is said within channels, which the hub that is meant reads. */
  const noteWithin = (platform: Platform): Platform => ({
    ...platform,
    network: {
      connect: (url, events, key) => {
        const n = (connections += 1)
        const seen: typeof note = (...of) => (seenBy.startsWith('hub') ? note(...of) : undefined)
        seen(n, 'opened')
        const received = (frame: Uint8Array): void => {
          seen(n, 'from hub', frame)
          events.received(frame)
        }
        const connection = platform.network.connect(url, { ...events, received }, key)
        const send = (frame: Uint8Array): void => {
          seen(n, 'from client', frame)
          connection.send(frame)
        }
        return { ...connection, send }
      },
    },
  })
  const toPlatform = async (name: string, platform: Platform): Promise<Platform> => {
    const after = (ms: number, run: () => void): void => void timeline.after(ms, run)
    const used = leak(name, { ...platform, blindRsa }, after)
    const identity = hub.service()?.context.identity
    if (!isolation.through || !identity) return used
    const hubKeys = { [hub.url]: toBase64Url(identity.publicKey) }
    return leakWithin(name, noteWithin(await carried(used, { ...isolation, hubKeys })), after)
  }

  const until = async <T>(promise: Promise<T>): Promise<T> => {
    const settled = await timeline.until(promise, 60_000)
    if (!settled) throw new Error('Nothing came of it in a minute.')
    if ('error' in settled) throw settled.error
    return settled.value
  }
  /** By the library, whose work goes on in other threads. */
  const rsa = createBlindRsa(crypto.subtle)
  const blindRsa: BlindRsa = {
    blind: (...of) => timeline.outside(rsa.blind(...of)),
    finalize: (...of) => timeline.outside(rsa.finalize(...of)),
  }
  const invite = async (): Promise<string> => {
    const service = hub.service()
    if (!service) throw new Error('The hub is down.')
    await until(addTokenKey(service, startMs))
    const { secret } = await until(service.members.invite())
    return `${hub.url}#${secret}`
  }
  const actor = async (name: string): Promise<Actor> => {
    const disk = createDisk()
    let kith: Kith | undefined
    let life = 0
    const made: Actor = {
      name,
      kith: () => kith as Kith,
      start: async () => {
        const isFirst = life === 0
        life += 1
        const mine = life
        const platform = createSimulatedPlatform({
          device: name,
          timeline,
          wires,
          disk,
          seed: `${seed}/${name}/${life}`,
          now: () => startMs + timeline.now(),
          isAlive: () => life === mine,
        })
        const used = await timeline.outside(toPlatform(name, platform))
        kith = await until(createKith(used, { hubs: [hub.url], name, isolation: { ...isolation, through: [] } }))
        if (isFirst && access) await until(kith.joinHub(await invite()))
      },
      stop: async () => {
        if (kith) await until(kith.close())
        kith = undefined
        await timeline.pass(10)
        life += 1
      },
    }
    actors.push({ actor: made, disk })
    await made.start()
    return made
  }
  const scene: Scene = {
    actor,
    until,
    pass: timeline.pass,
    restart: async (some) => {
      for (const { actor: each } of actors) await each.stop()
      if (timeline.now() > restartAtMs) throw new Error('The first part took too long.')
      await timeline.pass(restartAtMs - timeline.now())
      for (const each of some) {
        await each.start()
        await timeline.pass(1000)
      }
    },
    record: (what = 'all') => {
      recorded = what
      beginMs = timeline.now()
    },
    events,
    close: async () => {
      recorded = 'nothing'
      for (const { actor: each } of actors) await each.stop()
      for (const { disk } of actors) disk.close()
      for (const each of [hub, carrier]) each.close()
      if (defects.length > 0) throw new AggregateError(defects, 'Something failed in the scene.')
    },
  }
  return scene
}

const isOfMembers = (what: HubEvent['what'], frame: Uint8Array): boolean =>
  what === 'from client'
    ? ['join', 'issue'].includes(frameToClientMessage(frame).type)
    : frameToHubMessage(frame).type === 'issued'

const asItIs: Leak = (_, platform) => platform

/** Frames as whoever stands between sees them: after the handshake of a channel, bytes. */
const createSealedView = () => {
  let state: 'clear' | 'handshake' | 'sealed' = 'clear'
  return {
    fromClient: (frame: Uint8Array): Uint8Array => {
      if (state === 'sealed') return encodeCbor(frame)
      const message = frameToClientMessage(frame)
      if (message.type === 'channel' && message.purpose === 'wrap') state = 'handshake'
      return frame
    },
    fromHub: (frame: Uint8Array): Uint8Array => {
      if (state === 'sealed') return encodeCbor(frame)
      if (state === 'handshake') state = 'sealed'
      return frame
    },
  }
}
