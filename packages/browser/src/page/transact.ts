import { type App, KithError } from '@kith/core'
import type { RemoteObject } from '../port/caller.ts'
import { createNameReplacer, newRowName, type Step, writeVerbs } from '../port/steps.ts'
import type { SpaceService } from '../worker/space-service.ts'
import { validateRow } from './validate.ts'

/** One change out of what a plain callback writes. Its ids of new rows are names until the worker has made the rows. */
export const transact = async (
  app: App,
  remote: RemoteObject<SpaceService>,
  run: (tx: never) => unknown,
): Promise<unknown> => {
  const transaction = globalThis.crypto.randomUUID()
  const steps: Step[] = []
  let isOver = false
  const record = (table: string, verb: Step['verb'], parameters: readonly unknown[]): string => {
    if (isOver) throw new KithError('closed', 'The transaction is over: write while its callback runs.')
    // The row is the last parameter of those verbs that take one.
    const checked =
      verb === 'delete' || verb === 'restore'
        ? parameters
        : [...parameters.slice(0, -1), validateRow(app, table, parameters.at(-1))]
    steps.push({ table, verb, parameters: checked })
    return newRowName(transaction, steps.length - 1)
  }
  const tables = Object.keys(app.tables).map((table) => [
    table,
    Object.fromEntries(writeVerbs.map((verb) => [verb, (...parameters: unknown[]) => record(table, verb, parameters)])),
  ])
  const query = async (): Promise<never> => {
    throw reading()
  }
  const result = run({ ...Object.fromEntries(tables), query } as never)
  isOver = true
  if (result instanceof Promise) {
    result.catch(() => {})
    throw reading()
  }
  const ids = await remote.call('transact', transaction, steps)
  return createNameReplacer(transaction, (index) => ids[index])(result)
}

const reading = (): KithError =>
  new KithError(
    'not-supported',
    'In browsers a transaction cannot read or wait yet: query first, then write in a plain callback.',
  )
