import { createHubService, createSqliteStorage, type HubService, openHubDatabase } from '@kith/hub'
import { createSeededBytes, createTimelineClock, type Timeline, type WiredHub } from './simulation/index.ts'

/** The production hub without sockets, on virtual time and a database in memory. */
export type WorldHub = WiredHub & {
  readonly isUp: () => boolean
  readonly start: () => void
  /** What was not committed is gone. Who calls it ends the connections. */
  readonly stop: () => void
  /** How many entries it keeps. */
  readonly entries: () => number
  readonly close: () => void
}

export type WorldHubOptions = {
  readonly seed: string
  readonly timeline: Timeline
  /** What its clock shows, in milliseconds. */
  readonly now: () => number
  /** Is told what only a defect of ours can cause. */
  readonly defect: (cause: unknown) => void
}

export const createWorldHub = ({ seed, timeline, now, defect }: WorldHubOptions): WorldHub => {
  const database = openHubDatabase(':memory:', undefined)
  const count = database.prepare('SELECT count(*) AS n FROM entry')
  let lives = 0
  let service: HubService | undefined
  const start = (): void => {
    if (service) return
    lives += 1
    const life = lives
    service = createHubService({
      storage: createSqliteStorage(database),
      clock: createTimelineClock(timeline, now, () => life === lives && service !== undefined),
      random: createSeededBytes(`${seed}/${life}`),
      log: (event) => {
        if (event.event === 'defect') defect(new Error(`The hub failed: ${event.message}`))
      },
    })
  }
  const stop = (): void => {
    service = undefined
    if (database.isTransaction) database.exec('ROLLBACK')
  }
  start()
  return {
    name: 'hub',
    url: 'wss://hub.test',
    accept: (_device, channel) => {
      const connection = service?.accept(channel, (cause) => {
        defect(cause)
        connection?.closed()
        channel.end()
      })
      return connection
    },
    isUp: () => service !== undefined,
    start,
    stop,
    entries: () => (count.get() as { n: number }).n,
    close: () => {
      stop()
      database.close()
    },
  }
}
