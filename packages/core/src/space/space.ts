import { fromBase32, KithError, toBase32 } from '../bytes/index.ts'
import { opCodes } from '../change/index.ts'
import { createQueries, type Queries, type QueryStart } from '../database/index.ts'
import { shortTextBytesMax } from '../limits/index.ts'
import type { Files } from '../ports/index.ts'
import type { App } from '../schema/index.ts'
import type { LiveListener, Space, Stop } from './api.ts'
import type { SpaceStatus } from './status-api.ts'
import { appVersions, needsUpdate, requireVersion } from './app-version.ts'
import type { Engine } from './engine.ts'
import { explain } from './explain.ts'
import { listHeldBack, listMembers } from './held.ts'
import { spaceName } from './names.ts'
import { createLive } from './live.ts'
import { createLiveQuery, liveToIterable } from './live-query.ts'
import { type Action, may } from './may.ts'
import type { Network } from './network.ts'
import { everySpace, joinNotifiers, type Notifier } from './notify.ts'
import type { Presence, PresenceOptions } from './presence/api.ts'
import type { Recorder } from './recorder.ts'
import { reissue, reissueOwn } from './reissue.ts'
import type { Replica } from './replica.ts'
import { createSharing, sharingStatus } from './sharing.ts'
import { createWriter, durably } from './tables.ts'
import { openText } from './text.ts'
import { transact } from './transact.ts'
import type { Upkeep } from './upkeep.ts'

/** How long `synced` waits for a hub unless told otherwise. */
export const syncedMs = 10_000

/** The public face of one space, for the tables of one app. */
export const createSpaceApi = <A extends App>(
  engine: Engine,
  network: Network,
  /** Tells when what goes on between hubs has changed. */
  statusNotifier: Notifier,
  app: A,
  n: number,
  replicaOf: () => Replica,
  upkeep: Upkeep,
  tagOf: (person: Uint8Array) => Uint8Array | undefined,
  enter: (options?: PresenceOptions) => Promise<Presence>,
  sealBundle: () => Uint8Array,
): Space<A> => {
  const writer = createWriter(engine, app, replicaOf, () => upkeep.ready(n))
  const sharing = createSharing({
    engine,
    network,
    upkeep,
    n,
    replicaOf,
    tagOf,
    retitle: () => {
      const name = spaceName(engine, replicaOf())
      writer.write((recorder) => recorder.push([opCodes.title, name]))
    },
  })
  /** Written at once, but where keys have to be made first. */
  const write = <Result>(record: (recorder: Recorder) => Result): Promise<Result> => {
    const ready = upkeep.ready(n)
    const run = () => durably(engine, () => writer.write(record))
    return ready ? ready.then(run) : run()
  }
  const { notifier, database } = engine
  let queries: Queries<unknown> | undefined
  const queriesOf = (): Queries<unknown> =>
    (queries ??= createQueries({ database, app, space: n }) as unknown as Queries<unknown>)
  const ask = async <Row>(build: never): Promise<Row[]> => (await queriesOf().ask(build)) as Row[]

  const status = (): SpaceStatus => {
    const listed = listHeldBack(engine, replicaOf())
    const heldBack = listed.filter(({ isFinal }) => isFinal).length
    return {
      hubs: network.spaceStatus(n),
      waiting: listed.length - heldBack,
      heldBack,
      version: appVersions(app, replicaOf()),
      needsUpdate: needsUpdate(app, replicaOf()),
      lensFailures: queriesOf()
        .lensFailures(n)
        .map((failure) => ({ ...failure, row: toBase32(failure.row) })),
      ...sharingStatus(engine, replicaOf()),
    }
  }

  const tables = Object.fromEntries(
    Object.keys(app.tables).map((name) => [
      name,
      {
        insert: async (row: object) => write((recorder) => recorder.insert(name, row)),
        upsert: async (row: object) => write((recorder) => recorder.upsert(name, row)),
        update: async (id: string, values: object, kept?: readonly string[]) =>
          write((recorder) => recorder.update(name, id, values, kept)),
        delete: async (id: string) => write((recorder) => recorder.delete(name, id)),
        restore: async (id: string) => write((recorder) => recorder.restore(name, id)),
        get: async (id: string) => {
          const build = (q: QueryStart<Record<string, { id: string }>>) =>
            q.selectFrom(name).selectAll().where('id', '=', id)
          return (await ask<object>(build as never))[0]
        },
      },
    ]),
  )

  const liveOf = <Row>(
    read: () => Row[],
    concerns: (tables: ReadonlySet<string>) => boolean,
    listener: (rows: Row[]) => void,
    failed: ((error: unknown) => void) | undefined,
  ) => createLive(notifier, (space, touched) => space === n && concerns(touched), read, listener, failed ?? rethrow)

  const reissueOne = async (change: string): Promise<void> =>
    durably(engine, () => reissue(engine, replicaOf(), change))

  const space = {
    id: toBase32(replicaOf().entry.id),
    tables,
    transact: async (perform: never) => {
      const ready = upkeep.ready(n)
      if (ready) await ready
      return transact(engine, app, replicaOf, writer, queriesOf, perform)
    },
    query: ask,
    live: (build: never, listener?: LiveListener<object>, failed: (error: unknown) => void = rethrow) => {
      const start = (listener: LiveListener<object>, failed: (error: unknown) => void): Stop =>
        createLiveQuery(engine, queriesOf().watch(build), n, listener, failed)
      return listener ? start(listener, failed) : liveToIterable(start)
    },
    text: async (table: string, id: string, column: string) =>
      openText(engine, app, replicaOf, writer, table, id, column),
    presence: enter,
    name: async () => spaceName(engine, replicaOf()),
    rename: async (name: string) => {
      checkName(name)
      return write((recorder) => recorder.push([opCodes.title, name]))
    },
    requireVersion: async (version = app.version) =>
      durably(engine, () => requireVersion(engine, app, replicaOf(), version)),
    ...sharing,
    can: async (action: Action, table: string, row?: string | object) =>
      may(engine, app, replicaOf(), action, table, row),
    members: async () => listMembers(engine, replicaOf()),
    liveMembers: (listener: (members: unknown[]) => void) =>
      liveOf<unknown>(
        () => listMembers(engine, replicaOf()),
        (touched) => touched.has(''),
        listener,
        undefined,
      ),
    heldBack: async () =>
      listHeldBack(engine, replicaOf()).map((item) => ({ ...item, reissue: () => reissueOne(item.change) })),
    liveHeldBack: (listener: (heldBack: unknown[]) => void) =>
      liveOf<unknown>(
        () => listHeldBack(engine, replicaOf()),
        () => true,
        listener,
        undefined,
      ),
    reissue: reissueOne,
    reissueOwn: async () => durably(engine, () => reissueOwn(engine, replicaOf())),
    explain: async (id: string) => explain(engine, replicaOf(), id),
    status: async () => status(),
    liveNeedsUpdate: (listener: (what: SpaceStatus['needsUpdate']) => void) =>
      createLive(
        notifier,
        (space, touched) => space === n && touched.has(''),
        () => [{ what: needsUpdate(app, replicaOf()) }],
        ([now]) => now && listener(now.what),
        rethrow,
      ),
    liveStatus: (listener: (status: SpaceStatus) => void) =>
      createLive(
        joinNotifiers(notifier, statusNotifier),
        (space) => space === n || space === everySpace,
        () => [status()],
        ([now]) => now && listener(now),
        rethrow,
      ),
    synced: async (options: { timeoutMs?: number } = {}) => {
      engine.unit.commit()
      await network.synced(n, options.timeoutMs ?? syncedMs)
    },
    exportBundle: async (path?: string) => {
      engine.unit.commit()
      const bundle = sealBundle()
      if (path !== undefined) await filesOf(engine).write(path, bundle)
      return bundle
    },
  }
  return space as unknown as Space<A>
}

/** @throws KithError `not-supported` where there are no files. */
export const filesOf = ({ platform }: Engine): Files => {
  if (!platform.files)
    throw new KithError('not-supported', 'There are no files to name here. Use the bytes of the bundle.')
  return platform.files
}

/** A live query that fails without anybody listening for it must not fail silently. */
export const rethrow = (error: unknown): never => {
  throw error
}

export const checkName = (name: string): void => {
  if (typeof name !== 'string' || !name.isWellFormed() || new TextEncoder().encode(name).length > shortTextBytesMax) {
    throw new KithError('bad-value', `A name is a text of at most ${shortTextBytesMax} bytes of UTF-8.`)
  }
}

/** @throws KithError `not-found` for what is no space id. */
export const toSpaceId = (id: string): Uint8Array => {
  try {
    const bytes = fromBase32(id)
    if (bytes.length === 32) return bytes
  } catch {
    // Said below.
  }
  throw new KithError('not-found', 'A space id is 52 characters, as space.id has it.')
}
