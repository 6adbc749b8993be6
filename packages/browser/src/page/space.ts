import { type App, KithError, type Space, type Stop } from '@kith/core'
import type { Caller } from '../port/caller.ts'
import type { ObjectNumber } from '../port/messages.ts'
import { createRowsDecoder } from '../port/rows.ts'
import type { WriteVerb } from '../port/steps.ts'
import type { SpaceService } from '../worker/space-service.ts'
import type { TextService } from '../worker/text-service.ts'
import { createToQueryNode } from './query.ts'
import { openRemoteText } from './text.ts'
import { transact } from './transact.ts'
import { validateRow } from './validate.ts'

/** A space as the page sees it: the `Space` of the core, each of its methods a call to the worker. */
export const createRemoteSpace = <A extends App>(
  caller: Caller,
  app: A,
  { object, id }: { object: ObjectNumber; id: string },
): Space<A> => {
  const remote = caller.object<SpaceService>(object)
  const toNode = createToQueryNode(app, false)
  const write = (table: string, verb: WriteVerb, ...parameters: unknown[]) =>
    remote.call('write', { table, verb, parameters })
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
  const space = {
    id,
    tables: Object.fromEntries(tables),
    transact: (run: never) => transact(app, remote, run),
    query: async (build: never) => remote.call('query', toNode(build)),
    live: (build: never, listener: (rows: object[]) => void, failed: (error: unknown) => void = rethrow): Stop => {
      const decode = createRowsDecoder()
      return remote.listen('live', { event: (update) => listener(decode(update)), failed }, toNode(build))
    },
    text: async (table: string, row: string, column: string) =>
      openRemoteText(caller.object<TextService>(await remote.call('text', table, row, column))),
    name: () => remote.call('name'),
    rename: (name: string) => remote.call('rename', name),
    invite: (options: Parameters<Space<A>['invite']>[0]) => remote.call('invite', options),
    members: () => remote.call('members'),
    liveMembers: (listener: Parameters<Space<A>['liveMembers']>[0]) =>
      remote.listen('liveMembers', { event: listener, failed: rethrow }),
    heldBack: () => remote.call('heldBack'),
    explain: (what: string) => remote.call('explain', what),
    status: () => remote.call('status'),
    synced: (options: { timeoutMs?: number } = {}) => remote.call('synced', options),
    exportBundle: async (path?: string) => {
      if (path !== undefined)
        throw new KithError('not-supported', 'A page has no files to name. Use the bytes of the bundle.')
      return remote.call('exportBundle')
    },
  }
  return space as unknown as Space<A>
}

/** A live query that fails without anybody listening for it must not fail silently. */
export const rethrow = (error: unknown): never => {
  throw error
}
