import { type App, KithError, type LiveListener, type Space } from '@kith/core'
import type { Caller } from '../port/caller.ts'
import type { Step, WriteVerb } from '../port/steps.ts'
import { methodsToObject } from '../port/values.ts'
import type { SpaceService } from '../worker/space-service.ts'
import { startLive } from './live.ts'
import { concernsLens, throughLenses } from './lens-steps.ts'
import { createToQueryNode } from './query.ts'
import { createPassing } from './remote.ts'
import { transact } from './transact.ts'
import { validateRow } from './validate.ts'

/** A space as the page sees it: the `Space` of the core, each of its methods a call to the worker. */
export const createRemoteSpace = <A extends App>(
  caller: Caller,
  app: A,
  id: string,
  methods: readonly string[],
): Space<A> => {
  const target = { app: caller.appNumber(app), space: id }
  const remote = caller.object<SpaceService>(target)
  const toNode = createToQueryNode(app, false)
  const write = async (table: string, verb: WriteVerb, ...parameters: unknown[]): Promise<string | undefined> => {
    const step: Step = { table, verb, parameters }
    // Nothing in it has a name yet.
    const steps = concernsLens(app, step)
      ? await throughLenses(app, toNode, '-', [step], (node) => remote.call('query', node))
      : [step]
    const [result] = await remote.write('transact', '-', steps)
    return result ?? undefined
  }
  const tables = Object.keys(app.tables).map((table): [string, object] => [
    table,
    {
      insert: async (row: object) => write(table, 'insert', validateRow(app, table, row)),
      upsert: async (row: object) => write(table, 'upsert', validateRow(app, table, row)),
      update: async (row: string, values: object) => write(table, 'update', row, validateRow(app, table, values)),
      delete: (row: string) => write(table, 'delete', row),
      restore: (row: string) => write(table, 'restore', row),
      get: (row: string) => remote.call('get', table, row),
    },
  ])
  const passed = methodsToObject(
    methods.filter((name) => !name.startsWith('tables.')),
    createPassing(caller, target, createRemoteSpace),
  )
  const space = {
    ...passed,
    id,
    tables: Object.fromEntries(tables),
    transact: (run: never) => transact(app, remote, toNode, run),
    query: async (build: never) => remote.call('query', toNode(build)),
    live: (build: never, listener?: LiveListener<object>, failed?: (error: unknown) => void) =>
      startLive((events) => remote.listen('live', events, toNode(build)), listener, failed),
    can: async (action: 'insert', table: string, row?: string | object) => {
      const step: Step = { table, verb: 'insert', parameters: [row] }
      if (typeof row !== 'object' || !concernsLens(app, step)) return remote.pass('can', [action, table, row], [])
      const [through] = await throughLenses(app, toNode, '-', [step], (node) => remote.call('query', node))
      return remote.pass('can', [action, table, through?.parameters[0]], [])
    },
    // Yjs comes when the first text is opened.
    text: async (table: string, row: string, column: string) =>
      (await import('./text.ts')).openRemoteText((events) => remote.listen('text', events, table, row, column)),
    presence: async () =>
      (await import('./presence.ts')).openRemotePresence((events, session) =>
        remote.listen('presence', events, session),
      ),
    exportBundle: async (path?: string) => {
      if (path !== undefined)
        throw new KithError('not-supported', 'A page has no files to name. Use the bytes of the bundle.')
      return (passed as unknown as Space<A>).exportBundle()
    },
  }
  return space as unknown as Space<A>
}
