import type { App, Member, Space } from '@kith/core'
import type { Callee } from '../port/callee.ts'
import type { ListenEvents } from '../port/messages.ts'
import { createRowsEncoder, type RowsUpdate } from '../port/rows.ts'
import { createNameReplacer, type Step, type WriteVerb } from '../port/steps.ts'
import { nodeToQuery, type QueryNode } from './query.ts'
import { createTextService } from './text-service.ts'

export type SpaceService = ReturnType<typeof createSpaceService>

/** Tables by name, with the types left to the page. */
type AnyTable = { readonly [V in WriteVerb]: (...parameters: unknown[]) => unknown } & {
  readonly get: (id: string) => Promise<object | undefined>
}
type AnyTables = { readonly [name: string]: AnyTable | undefined }

export const createSpaceService = (callee: Callee, space: Space<App>) => {
  const tables = space.tables as unknown as AnyTables
  return {
    calls: {
      write: async ({ table, verb, parameters }: Step) =>
        tableOf(tables, table)[verb](...parameters) as Promise<string | undefined>,
      get: async (table: string, id: string) => tableOf(tables, table).get(id),
      /** The ids that inserts and upserts have given, by the number of their step. */
      transact: async (transaction: string, steps: readonly Step[]) =>
        space.transact((tx) => {
          const ids: (string | undefined)[] = []
          const replace = createNameReplacer(transaction, (index) => ids[index])
          for (const { table, verb, parameters } of steps) {
            const result = tableOf(tx as unknown as AnyTables, table)[verb](...parameters.map(replace))
            ids.push(typeof result === 'string' ? result : undefined)
          }
          return ids
        }),
      query: (node: QueryNode) => space.query<object>(nodeToQuery(node)),
      text: async (table: string, id: string, column: string) => {
        const service = createTextService(await space.text(table, id, column), () => callee.remove(object))
        const object = callee.add(service)
        return object
      },
      name: () => space.name(),
      rename: (name: string) => space.rename(name),
      invite: (options: Parameters<typeof space.invite>[0]) => space.invite(options),
      members: () => space.members(),
      heldBack: () => space.heldBack(),
      explain: (id: string) => space.explain(id),
      status: () => space.status(),
      synced: (options: { timeoutMs?: number }) => space.synced(options),
      exportBundle: () => space.exportBundle(),
    },
    listens: {
      live: ({ event, failed }: ListenEvents<RowsUpdate>, node: QueryNode) => {
        const encode = createRowsEncoder()
        return space.live<object>(nodeToQuery(node), (rows) => event(encode(rows)), failed)
      },
      liveMembers: ({ event }: ListenEvents<Member[]>) => space.liveMembers(event),
    },
  }
}

/** The page's tables are the app's: another name is a defect there. */
const tableOf = (tables: AnyTables, name: string): AnyTable => {
  const table = Object.hasOwn(tables, name) ? tables[name] : undefined
  if (!table) throw new TypeError(`no table ${name}`)
  return table
}
