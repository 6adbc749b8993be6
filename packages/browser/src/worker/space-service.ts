import type { App, RowsPatch, Space } from '@kith/core'
import type { ListenEvents, WriteNote } from '../port/messages.ts'
import type { Step } from '../port/steps.ts'
import { nodeToQuery, type QueryNode } from './query.ts'
import { createPresenceSession, type PresenceEvent } from './presence-session.ts'
import { createTextSession, type TextEvent } from './text-session.ts'
import { createTransactionSession, runSteps, type TransactionEvent } from './transaction-session.ts'

export type SpaceService = ReturnType<typeof createSpaceService>

type AnyTables = { readonly [name: string]: { readonly get: (id: string) => Promise<object | undefined> } }

/** A space for one page. What is not here is passed on as it is. */
export const createSpaceService = (space: Space<App>) => {
  const tables = space.tables as unknown as AnyTables
  return {
    calls: {
      get: async (table: string, id: string) => tables[table]?.get(id),
      query: (node: QueryNode) => space.query<object>(nodeToQuery(node)),
    },
    writes: {
      /** The ids that inserts and upserts have given, by the number of their step. */
      transact: (write: WriteNote, transaction: string, steps: readonly Step[]) =>
        space.transact((tx) => {
          const ids = runSteps(tx, transaction, steps)
          write.done(ids)
          return ids
        }),
    },
    listens: {
      live: ({ event, failed }: ListenEvents<RowsPatch>, node: QueryNode) => {
        return { stop: space.live<object>(nodeToQuery(node), (_rows, patch) => event(patch), failed) }
      },
      text: (events: ListenEvents<TextEvent>, table: string, id: string, column: string) =>
        createTextSession(events, space.text(table, id, column)),
      presence: (events: ListenEvents<PresenceEvent>, session: Uint8Array) =>
        createPresenceSession(events, space.presence({ session })),
      transaction: (events: ListenEvents<TransactionEvent>) => createTransactionSession(events, space),
    },
    rest: space,
  }
}
