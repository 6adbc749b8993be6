import { KithError, toBase32 } from '../bytes/index.ts'
import { opCodes } from '../change/index.ts'
import { createQueries, notUnderstood, type Queries } from '../database/index.ts'
import type { Platform } from '../ports/index.ts'
import { type App, searchToSql } from '../schema/index.ts'
import { carried, checkHubUrl, type Isolation } from '../sync/index.ts'
import type { Kith, LiveListener, Space, SpaceSummary, Stop } from './api.ts'
import { readBundle } from './bundle.ts'
import { createContacts } from './contacts/index.ts'
import { createEngine } from './engine.ts'
import { createEntering, type MakeSpace } from './entering.ts'
import { createHubMembers, createWallet } from './hub-members/index.ts'
import { homeApp, type Identity } from './identity.ts'
import { createInspection } from './inspect/index.ts'
import { createLive } from './live.ts'
import { createLiveQuery, liveToIterable } from './live-query.ts'
import { profileToOp, sayProfile } from './names.ts'
import { createNetwork, type Network } from './network.ts'
import { carryPerson, createSpaceHere } from './new-space.ts'
import { createNotifier, everySpace } from './notify.ts'
import { createPeople, home } from './people/index.ts'
import type { Presence, PresenceOptions } from './presence/api.ts'
import type { Presences } from './presence/index.ts'
import { createReplica, type Replica } from './replica.ts'
import { checkName, createSpaceApi, filesOf, rethrow, syncedMs, toSpaceId } from './space.ts'
import type { Status } from './status-api.ts'
import { createSyncSpace, type ReplicaSyncSpace } from './sync-space.ts'
import { createWriter } from './tables.ts'
import { createUpkeep } from './upkeep.ts'

export type KithOptions = {
  /** URLs of hubs: wss://…, or ws:// on this machine. Two or more are used at once. None: work stays on this device. */
  readonly hubs?: readonly string[]
  /** How this person is called in spaces from now on. */
  readonly name?: string | undefined
  /** What hubs are not to learn from connections; off, for each costs some. */
  readonly isolation?: Isolation | undefined
}

/** How long a device that has to make new keys waits for a hub to tell what is new: others may have made some. */
const pullMs = 5_000

/** `caughtUp` resolves when all that other devices of the person have told is here. */
export type OpenedPerson = { readonly kith: Kith; readonly caughtUp: () => Promise<void> }

/** Opens the person in the platform's database; `identity` makes an empty one a device of a person who is known. */
export const openPerson = async (
  direct: Platform,
  options: KithOptions,
  identity?: Identity,
): Promise<OpenedPerson> => {
  const { hubs = [], name, isolation } = options
  if (name !== undefined) checkName(name)
  for (const url of hubs) checkHubUrl(url)
  // Of hubs that were met, or that an invite was for.
  const knownKey = (url: string): Uint8Array | undefined =>
    engine.hubs().find((hub) => hub.url === url)?.key ?? wallet.members().find((member) => member.url === url)?.hubKey
  const platform = await carried(direct, isolation, knownKey)
  const engine = await createEngine(platform, hubs, identity)
  const replicas = new Map<number, Replica>()
  const syncSpaces = new Map<number, ReplicaSyncSpace>()
  const apis = new Map<string, unknown>()
  /** By the number of the space: the app that was opened for it last. */
  const openedApps = new Map<number, App>()
  let isClosed = false
  engine.onUndone(() => replicas.clear())

  const replicaOf = (n: number): Replica => {
    const known = replicas.get(n)
    if (known) return known
    assertOpen()
    return makeReplica(n)
  }
  const makeReplica = (n: number): Replica => {
    const replica = createReplica(engine, engine.store().registry.spaceByNumber(n))
    replicas.set(n, replica)
    return replica
  }
  const assertOpen = (): void => {
    if (isClosed) throw new KithError('closed', 'This person was closed. Open it again.')
  }
  const ownSpaces = () =>
    engine
      .store()
      .registry.spaces()
      .filter(({ kind }) => kind === 'space')
  /** Those of apps: a home is for the person's own devices to find them by. */
  const appSpaces = () => ownSpaces().filter((space) => space.app !== homeApp)
  const syncSpaceOf = (n: number): ReplicaSyncSpace => {
    let space = syncSpaces.get(n)
    if (!space) syncSpaces.set(n, (space = createSyncSpace(engine, n, () => replicas.get(n) ?? makeReplica(n))))
    return space
  }
  engine.placeBy((n, segment, from) => syncSpaceOf(n).places(segment, from))
  // Its own notifier: what goes on between hubs must not make queries wait for their turn.
  const statusNotifier = createNotifier(platform.clock)
  const statusChanged = (): void => statusNotifier.touch(everySpace, [''])
  const contacts = createContacts({
    engine,
    name: name ?? '',
    replicaOf,
    wake: () => network.wake([contacts.boxes.n]),
    synced: (timeoutMs) => network.synced(contacts.boxes.n, timeoutMs),
    assertOpen,
  })
  engine.onEpochStarted((n, epoch) => contacts.noticeEpoch(replicaOf(n), epoch))
  const wallet = createWallet(engine)
  const network: Network = createNetwork(
    engine,
    () => [contacts.boxes, syncSpaceOf(engine.personSpace), ...ownSpaces().map(({ n }) => syncSpaceOf(n))],
    statusChanged,
    wallet,
    isolation,
  )
  const hubMembers = createHubMembers({
    engine,
    wallet,
    useHub: (url) => network.addHub(engine.addHub(url)),
    tokensCame: network.tokensCame,
    changed: statusChanged,
    assertOpen,
  })
  engine.onOutgoing((spaces) => {
    network.wake(spaces)
    network.wakeParcels()
  })
  const upkeep = createUpkeep({
    engine,
    replicaOf: (n) => (!isClosed && engine.store().registry.kindOf(n) === 'space' ? replicaOf(n) : undefined),
    isConnected: () => network.status().some(({ state }) => state === 'connected'),
    pull: (n) => network.synced(n, pullMs),
    wake: (n) => network.wake([n]),
  })
  let presences: Presences | undefined
  /** Loaded by who first asks who is here: most pages start without. */
  const enter = async (n: number, options: PresenceOptions | undefined): Promise<Presence> => {
    const { createPresences } = await import('./presence/index.ts')
    assertOpen()
    presences ??= createPresences(engine, network, replicaOf, (of) => syncSpaceOf(of).space)
    return presences.enter(n, options)
  }
  /** The tag under which a person has keys for an app, as another space of that app shows. */
  const tagOf = (app: string, person: Uint8Array): Uint8Array | undefined =>
    ownSpaces()
      .filter((space) => space.app === app)
      .flatMap(({ n }) => replicaOf(n).membership.member(person)?.tag ?? [])[0]

  /** What the indexes of an app were last compared with: there is one set for all its spaces. */
  const searched = new Map<string, App>()
  engine.onUndone(() => searched.clear())
  const prepareSearch = (app: App): void => {
    if (searched.get(app.id) === app) return
    const statements = searchToSql(engine.database, app.record)
    searched.set(app.id, app)
    if (statements.length === 0) return
    // A transaction of its own, all of it or nothing: half an index would never be looked at again.
    engine.unit.commit()
    engine.whole(() => {
      engine.unit.enter()
      for (const sql of statements) engine.database.exec(sql)
    })
    engine.unit.commit()
  }

  const apiOf = <A extends App>(app: A, n: number): Space<A> => {
    const key = `${n}/${app.id}/${app.version}`
    let api = apis.get(key)
    openedApps.set(n, app)
    prepareSearch(app)
    if (!api)
      apis.set(
        key,
        (api = createSpaceApi(
          engine,
          network,
          statusNotifier,
          app,
          n,
          () => replicaOf(n),
          upkeep,
          (person) => tagOf(app.id, person),
          (options) => enter(n, options),
          () => syncSpaceOf(n).sealBundle(),
        )),
      )
    return api as Space<A>
  }

  const makeSpace: MakeSpace = (app, title, tag, recovery = 'creator') => {
    const made = createSpaceHere(engine, app, replicaOf, tag, recovery)
    createWriter(engine, app, () => replicaOf(made)).write((recorder) => {
      recorder.push([opCodes.title, title])
      const profile = people.profileNow()
      if (profile && app !== home) recorder.push(profileToOp(profile))
    })
    return made
  }
  const people = createPeople({
    engine,
    spaces: ownSpaces,
    replicaOf,
    openReplicas: () => replicas.values(),
    openSpace: (n) => apiOf(home, n),
    makeHome: async (tag) => {
      const n = engine.whole(() => makeSpace(home, 'Home', tag))
      await engine.unit.durable()
      network.wake([n])
    },
    carryPerson: (n) => carryPerson(engine, n),
    wake: (n) => network.wake([n]),
    synced: (n) => network.synced(n, pullMs),
    delivered: (n) => network.delivered(n, pullMs),
    settled: statusChanged,
    contactsChanged: () => {
      contacts.boxes.changed()
      engine.notifier.touch(contacts.boxes.n, [''])
      engine.unit.afterCommit(() => network.wake([contacts.boxes.n]))
    },
    name,
    writeProfile: (n, profile) => sayProfile(engine, replicaOf(n), profile),
  })

  /** From the database alone: a list of hundreds must not wait until each of them is opened. */
  const summaries = (app: App | undefined): SpaceSummary[] => {
    const rows = engine
      .statements(
        "SELECT n, id, app, last_change, settled FROM space WHERE kind = 'space' AND app <> 'org.kith.home' ORDER BY last_change DESC, n",
      )
      .all()
      .filter((row) => app === undefined || row.app === app.id)
    // What a version that understood less made of its history is made anew when it is opened.
    for (const { n, settled } of rows) if (settled === notUnderstood) replicaOf(n as number)
    const titles = engine.store().labels.titles()
    return rows.map((row) => ({
      id: toBase32(row.id as Uint8Array),
      name: titles.get(row.n as number) ?? '',
      app: row.app as string,
      lastChange: new Date(Math.max(row.last_change as number, engine.lastChangeMs(row.n as number))),
    }))
  }

  const spanningQueries = new Map<App, Queries<unknown>>()
  /** Queries over all spaces of an app: its tables are there even before it has a space. */
  const spanning = (app: App): Queries<unknown> => {
    assertOpen()
    let queries = spanningQueries.get(app)
    if (!queries) {
      engine.unit.enter()
      engine.prepareTables(app.record)
      prepareSearch(app)
      queries = createQueries({ database: engine.database, app }) as unknown as Queries<unknown>
      spanningQueries.set(app, queries)
    }
    return queries
  }

  const status = (): Status => {
    const correctedMs = engine.clock.correctionMs()
    const hubStatus = network.status()
    return {
      hubs: hubStatus,
      clock: {
        correctedMs,
        warning: clockWarning(correctedMs, network.clockDoubtMs()),
      },
      spaces: appSpaces().length,
      ...people.status(),
      pending: hubStatus.reduce((sum, hub) => sum + hub.pending, hubStatus.length > 0 && people.isDue() ? 1 : 0),
    }
  }

  const entering = createEntering({ engine, network, people, replicaOf, apiOf, makeSpace, assertOpen })

  const kith: Kith = {
    ...people.api,
    address: toBase32(engine.person.address),
    card: async () => {
      assertOpen()
      return contacts.card()
    },
    contacts: contacts.api,
    ...entering,
    ...hubMembers.api,
    spaces: async (filter = {}) => {
      assertOpen()
      return summaries(filter.app)
    },
    liveSpaces: (filter, listener) =>
      createLive(
        engine.notifier,
        () => true,
        () => summaries(filter.app),
        listener,
        rethrow,
      ),
    query: async (app, build) => spanning(app).ask(build as never) as never,
    live: ((app: App, build: never, listener?: LiveListener<object>, failed: (error: unknown) => void = rethrow) => {
      const start = (listener: LiveListener<object>, failed: (error: unknown) => void): Stop =>
        createLiveQuery(engine, spanning(app).watch(build), undefined, listener, failed)
      return listener ? start(listener, failed) : liveToIterable(start)
    }) as Kith['live'],
    inspect: createInspection({
      engine,
      network,
      replicaOf,
      assertOpen,
      toSpaceId,
      appOf: (n) => openedApps.get(n),
    }),
    status: async () => status(),
    liveStatus: (listener) =>
      createLive(
        statusNotifier,
        () => true,
        () => [status()],
        ([now]) => now && listener(now),
        rethrow,
      ),
    synced: async ({ timeoutMs = syncedMs } = {}) => {
      assertOpen()
      await network.allDelivered(people.isDue, timeoutMs)
    },
    importBundle: async (bundle) => {
      assertOpen()
      const bytes = typeof bundle === 'string' ? await filesOf(engine).read(bundle) : bundle
      const logs = readBundle(engine, bytes)
      const found = ownSpaces().find(({ n }) => logs.some(({ logId }) => syncSpaceOf(n).space.find(logId)))
      if (!found) throw new KithError('not-found', 'The bundle is of a space that is not here. Join the space first.')
      const changes = syncSpaceOf(found.n).takeBundle(logs)
      await engine.unit.durable()
      network.wake([found.n])
      return { space: toBase32(found.id), changes }
    },
    close,
    [Symbol.asyncDispose]: close,
  }
  return { kith, caughtUp: people.caughtUp }

  async function close(): Promise<void> {
    if (isClosed) return
    isClosed = true
    upkeep.close()
    people.close()
    contacts.close()
    presences?.close()
    hubMembers.close()
    network.close()
    statusNotifier.close()
    engine.close()
  }
}

const clockWarning = (correctedMs: number, doubtMs: number): string | undefined => {
  if (doubtMs !== 0) {
    return `Hubs say that this computer's clock is ${Math.round(doubtMs / 3_600_000)} hours behind. That is more than they are believed: set the clock.`
  }
  if (correctedMs === 0) return undefined
  return `This computer's clock is off by ${Math.round(Math.abs(correctedMs) / 1000)} seconds. Times are corrected; set the clock.`
}
