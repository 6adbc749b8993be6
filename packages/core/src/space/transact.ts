import { KithError } from '../bytes/index.ts'
import type { Queries } from '../database/index.ts'
import type { App } from '../schema/index.ts'
import type { Engine } from './engine.ts'
import type { Changes } from './notify.ts'
import type { Recorder } from './recorder.ts'
import type { Replica } from './replica.ts'
import type { Writer } from './tables.ts'

/** Runs of an async transaction before it gives up: each lost a race against other writes. */
const runsMax = 10

/**
 * One change out of what `run` writes. A plain callback is one turn of the engine. An async one reads as it goes; if a
 * table that it read has changed by its end, or this device wrote to the space meanwhile, it is run again.
 */
export const transact = async <Result>(
  engine: Engine,
  app: App,
  replicaOf: () => Replica,
  writer: Writer,
  queries: () => Queries<unknown>,
  run: (tx: never) => Result | Promise<Result>,
): Promise<Result> => {
  for (let runs = 0; runs < runsMax; runs += 1) {
    const { recorder, pending } = writer.begin()
    const before = replicaOf().ownWrites()
    const read = new Set<string>()
    let isStale = false
    const unlisten = engine.notifier.listenAtOnce((changes: Changes) => {
      for (const table of changes.get(replicaOf().entry.n) ?? []) if (read.has(table)) isStale = true
    })
    try {
      const tx = {
        ...createTables(app, recorder),
        query: async (build: never) => {
          const watched = queries().watch(build)
          for (const table of watched.tables) read.add(table)
          for (let wait = watched.ready(); wait; wait = watched.ready()) await wait
          return watched.run()
        },
      }
      const returned = run(tx as never)
      if (!(returned instanceof Promise)) {
        writer.finish(pending, recorder.ops())
        await engine.unit.durable()
        return returned
      }
      const result = await settle(returned, () => isStale)
      if (!isStale && result && replicaOf().ownWrites() === before) {
        writer.finish(pending, recorder.ops())
        await engine.unit.durable()
        return result.value
      }
    } finally {
      unlisten()
    }
  }
  throw new KithError('transaction-conflict', 'Rows that the transaction read kept changing. Try again later.')
}

/** An error out of a callback that saw half of another's change means nothing: the callback is run again. */
const settle = async <Result>(
  returned: Promise<Result>,
  isStale: () => boolean,
): Promise<{ value: Result } | undefined> => {
  try {
    return { value: await returned }
  } catch (cause) {
    if (!isStale()) throw cause
    return undefined
  }
}

const createTables = (app: App, recorder: Recorder): Record<string, unknown> =>
  Object.fromEntries(
    Object.keys(app.tables).map((name) => [
      name,
      {
        insert: (row: object) => recorder.insert(name, row),
        upsert: (row: object, kept?: readonly string[]) => recorder.upsert(name, row, kept),
        update: (id: string, values: object, kept?: readonly string[]) => recorder.update(name, id, values, kept),
        delete: (id: string) => recorder.delete(name, id),
        restore: (id: string) => recorder.restore(name, id),
      },
    ]),
  )
