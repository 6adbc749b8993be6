import type { Op } from '../change/index.ts'
import { type App, type BoundTable, bindTable } from '../schema/index.ts'
import { checkVersion } from './app-version.ts'
import type { Engine } from './engine.ts'
import { createRecorder, type Recorder } from './recorder.ts'
import type { PendingChange, Replica } from './replica.ts'

/** Records and writes one change of ours in a space. */
export type Writer = {
  /** All that `record` writes is one change; its result is returned at once, the change is in the open transaction. */
  readonly write: <Result>(record: (recorder: Recorder) => Result) => Result
  /** The parts of the same, for a transaction that takes its time. */
  readonly begin: () => { readonly recorder: Recorder; readonly pending: PendingChange }
  readonly finish: (pending: PendingChange, ops: readonly Op[]) => void
  /** Undefined: there are keys to write under. Otherwise it resolves when there are. */
  readonly ready: () => Promise<void> | undefined
}

export const createWriter = (
  engine: Engine,
  app: App,
  replicaOf: () => Replica,
  ready: Writer['ready'] = () => undefined,
): Writer => {
  let bound: { record: unknown; tables: Map<string, BoundTable> } | undefined

  /** The app's table under the record in force: made once for each record. */
  const bind = (name: string): BoundTable => {
    const { compiled } = replicaOf().record()
    if (bound?.record !== compiled) bound = { record: compiled, tables: new Map() }
    let table = bound.tables.get(name)
    if (!table) {
      table = bindTable(app, name, compiled.record)
      bound.tables.set(name, table)
    }
    return table
  }

  const begin: Writer['begin'] = () => {
    const replica = replicaOf()
    checkVersion(app, replica)
    const pending = replica.begin()
    const recorder = createRecorder({
      record: replica.record().compiled,
      bind,
      space: replica.entry,
      crypto: engine.platform.crypto,
      rows: engine.store().rows,
      opId: pending.opId,
    })
    return { recorder, pending }
  }

  const finish: Writer['finish'] = (pending, ops) => {
    if (ops.length > 0) replicaOf().writeData(pending, ops)
  }

  return {
    begin,
    finish,
    ready,
    write: (record) => {
      const { recorder, pending } = begin()
      const result = record(recorder)
      finish(pending, recorder.ops())
      return result
    },
  }
}

/** Calls `write` and gives its result when it is durable. Failures of the write itself come as a rejection too. */
export const durably = async <Result>(engine: Engine, write: () => Result): Promise<Result> => {
  const result = write()
  await engine.unit.durable()
  return result
}
