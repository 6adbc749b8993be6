import { type App, KithError } from '@kith/core'
import type { RemoteObject } from '../port/caller.ts'
import { toError } from '../port/error-data.ts'
import { createNameReplacer, newRowName, type Step, writeVerbs } from '../port/steps.ts'
import type { SpaceService } from '../worker/space-service.ts'
import { concernsLens, throughLenses } from './lens-steps.ts'
import type { ToQueryNode } from './query.ts'
import { validateRow } from './validate.ts'

/** One run of the callback. Its ids of new rows are names until the worker has made the rows. */
type Attempt = {
  readonly transaction: string
  readonly steps: readonly Step[]
  readonly returned: unknown
  readonly end: () => void
}

type Query = (node: ReturnType<ToQueryNode>) => Promise<object[]>

/**
 * One change out of what a callback writes. What a plain one has recorded is sent in one message; an async one is run by the worker's
 * transaction from its first query on, which may run it again.
 */
export const transact = async (
  app: App,
  remote: RemoteObject<SpaceService>,
  toNode: ToQueryNode,
  run: (tx: never) => unknown,
): Promise<unknown> => {
  let reading: Promise<unknown> | undefined
  let startReading = (): void => {}
  const readingStarted = new Promise<void>((resolve) => (startReading = resolve))
  /** What the first query waits for: the worker's name for this run. */
  let begun = (_query: Query): void => {}
  const firstQuery = new Promise<Query>((resolve) => (begun = resolve))
  const first = begin(app, toNode, run, async (node) => {
    if (!reading) {
      reading = readAndWrite(app, remote, toNode, run, () => first, begun)
      startReading()
    }
    return (await firstQuery)(node)
  })
  if (first.returned instanceof Promise) {
    // Its failure is told by the one or the other.
    first.returned.catch(() => {})
    await Promise.race([first.returned, readingStarted]).catch(() => {})
    if (reading) return reading
  }
  first.end()
  const value = await first.returned
  const steps = first.steps.some((step) => concernsLens(app, step))
    ? await throughLenses(app, toNode, first.transaction, first.steps, (node) => remote.call('query', node))
    : first.steps
  return name(first, value, await remote.write('transact', first.transaction, steps))
}

/** The rest of an async transaction whose first run is under way. */
const readAndWrite = async (
  app: App,
  remote: RemoteObject<SpaceService>,
  toNode: ToQueryNode,
  run: (tx: never) => unknown,
  first: () => Attempt,
  begun: (query: Query) => void,
): Promise<unknown> => {
  let ending: Promise<boolean> | undefined
  let current = ''
  let isFirst = true
  return new Promise((resolve, reject) => {
    const done = (tell: () => void): true => {
      listening.stop()
      tell()
      return true
    }
    /** Awaits an attempt and reports it. True: the transaction is over. */
    const finish = async (attempt: Attempt, run: string): Promise<boolean> => {
      let value: unknown
      try {
        value = await attempt.returned
      } catch (error) {
        attempt.end()
        if (current !== run) return false
        const outcome = await listening.session.call('fail', run).catch(() => 'failed' as const)
        return outcome === 'again' ? false : done(() => reject(toError(error)))
      }
      attempt.end()
      if (current !== run) return false
      try {
        const ask: Query = (node) => listening.session.call('query', run, node)
        const steps = await throughLenses(app, toNode, attempt.transaction, attempt.steps, ask)
        const outcome = await listening.session.write('finish', run, attempt.transaction, steps)
        if (outcome === 'again') return false
        if (outcome === 'failed') throw new KithError('closed', 'The transaction was ended.')
        const { ids } = outcome
        return done(() => resolve(name(attempt, value, ids)))
      } catch (error) {
        return done(() => reject(toError(error)))
      }
    }
    const event = async ({ run: started }: { run: string }): Promise<void> => {
      const before = ending
      current = started
      // What was sent to a worker that is gone may have been written by it: its answer comes first.
      if (await before) return
      if (current !== started) return
      const query: Query = (node) => listening.session.call('query', started, node)
      if (isFirst) {
        isFirst = false
        begun(query)
        ending = finish(first(), started)
      } else ending = finish(begin(app, toNode, run, query), started)
    }
    const listening = remote.listen('transaction', {
      event: (message) => void event(message),
      failed: (error) => done(() => reject(toError(error))),
    })
  })
}

const begin = (app: App, toNode: ToQueryNode, run: (tx: never) => unknown, query: Query): Attempt => {
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
  const tables = Object.keys(app.tables).map((table): [string, object] => [
    table,
    Object.fromEntries(writeVerbs.map((verb) => [verb, (...parameters: unknown[]) => record(table, verb, parameters)])),
  ])
  const tx = { ...Object.fromEntries<object>(tables), query: async (build: never) => query(toNode(build)) }
  return {
    transaction,
    steps,
    returned: run(tx as never),
    end: () => {
      isOver = true
    },
  }
}

/** The callback's result with the ids of the rows that it made. */
const name = (attempt: Attempt, value: unknown, ids: readonly (string | undefined | null)[]): unknown =>
  createNameReplacer(attempt.transaction, (index) => ids[index] ?? undefined)(value)
