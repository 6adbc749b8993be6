import type { DatabaseSync } from 'node:sqlite'
import {
  type Channel,
  type Connection,
  createHubService,
  createSqliteStorage,
  type HubService,
  type HubServiceOptions,
  openHubDatabase,
} from '@kith/hub'
import { createSeededBytes, createTimelineClock, type Timeline } from '@kith/testing/simulation'
import { startMs } from './clock.ts'
import type { Meddler } from './meddling.ts'

/** A hub of the simulated world: production code on a real database, which survives when the process does not. */
export type SimHub = {
  readonly name: string
  readonly url: string
  /** Undefined while the hub is down. */
  readonly service: () => HubService | undefined
  /** Undefined while the hub is down. */
  readonly accept: (device: string, channel: Channel) => Connection | undefined
  readonly isUp: () => boolean
  /** The process dies; what was not committed is gone. The caller ends the connections. */
  readonly crash: () => void
  readonly start: () => void
  /** Another database, another key: the same place, nothing in it. */
  readonly wipe: () => void
  /** Its operator gives each log as much room as hubs do: until then the quota is one that an attacker can use up in a story. */
  readonly giveRoom: () => void
  /** Two histories under one key from now on: `others` are served the second. */
  readonly fork: (others: ReadonlySet<string>) => void
  /** What it keeps loses some entries that it has acknowledged. */
  readonly forget: (share: (at: number) => boolean) => void
  meddler: Meddler | undefined
  /** All bytes that lie on its disk. */
  readonly bytes: () => Uint8Array[]
  /** All entries that it has: what whoever runs it can read. */
  readonly entries: () => Uint8Array[]
  readonly close: () => void
}

/** Entries of one log: more than anybody honest puts there in a story. */
export const storyEntriesMax = 2000

export const createSimHub = (
  name: string,
  seed: string,
  timeline: Timeline,
  defect: (cause: unknown) => void,
  options: Pick<HubServiceOptions, 'access' | 'forward' | 'reach'> = {},
): SimHub => {
  const url = `wss://${name}.example`
  let wipes = 0
  let lives = 0
  let databases: DatabaseSync[] = [openDatabase()]
  let services: HubService[] = []
  let others: ReadonlySet<string> = new Set()
  let isRoomy = false

  function openDatabase(): DatabaseSync {
    const database = openHubDatabase(':memory:', undefined)
    return database
  }

  const start = (): void => {
    if (services.length > 0) return
    lives += 1
    const life = lives
    const isAlive = (): boolean => life === lives && services.length > 0
    const clock = createTimelineClock(timeline, () => startMs + timeline.now(), isAlive)
    services = databases.map((database, fork) =>
      createHubService({
        storage: createSqliteStorage(database),
        ...options,
        clock,
        limits: isRoomy ? {} : { logEntriesMax: storyEntriesMax },
        // Keys are of the database; all else must differ from run to run.
        random: createSeededBytes(`${seed}/${wipes}/${life}/${fork}`),
        log: (event) => {
          if (event.event === 'defect') defect(new Error(`hub ${name}: ${event.message}`))
        },
      }),
    )
  }
  const crash = (): void => {
    services = []
    lives += 1
    for (const database of databases) if (database.isTransaction) database.exec('ROLLBACK')
  }
  start()

  const hub: SimHub = {
    name,
    url,
    meddler: undefined,
    service: () => services[0],
    isUp: () => services.length > 0,
    accept: (device, channel) => {
      const service = services[others.has(device) ? services.length - 1 : 0]
      if (service === undefined) return undefined
      const meddled: Channel = {
        ...channel,
        send: (frame) => {
          if (!hub.meddler) return channel.send(frame)
          for (const other of hub.meddler.down(device, frame)) channel.send(other)
        },
      }
      const connection = service.accept(meddled, (cause) => {
        defect(cause)
        connection.closed()
        channel.end()
      })
      return connection
    },
    crash,
    start,
    wipe: () => {
      crash()
      for (const database of databases) database.close()
      wipes += 1
      others = new Set()
      databases = [openDatabase()]
      start()
    },
    giveRoom: () => {
      isRoomy = true
      crash()
      start()
    },
    fork: (devices) => {
      if (databases.length > 1) return
      crash()
      const second = openDatabase()
      second.deserialize((databases[0] as DatabaseSync).serialize())
      databases = [databases[0] as DatabaseSync, second]
      others = devices
      start()
    },
    forget: (share) => {
      for (const database of databases) {
        const rows = database.prepare('SELECT rowid AS at FROM entry ORDER BY rowid').all() as { at: number }[]
        for (const { at } of rows) if (share(at)) database.prepare('DELETE FROM entry WHERE rowid = ?').run(at)
      }
    },
    bytes: () => databases.map((database) => (database.isTransaction ? new Uint8Array(0) : database.serialize())),
    entries: () =>
      databases.flatMap((database) =>
        (database.prepare('SELECT bytes FROM entry').all() as { bytes: Uint8Array }[]).map(({ bytes }) => bytes),
      ),
    close: () => {
      crash()
      for (const database of databases) database.close()
    },
  }
  return hub
}
