import type { App, Kith, RowsPatch } from '@kith/core'
import type { ListenEvents } from '../port/messages.ts'
import { nodeToQuery, type QueryNode } from './query.ts'

export type KithService = ReturnType<typeof createKithService>

/** A person for one page. What is not here is passed on as it is. */
export const createKithService = (kith: Kith) => ({
  calls: {
    query: (app: App, node: QueryNode) => kith.query(app, nodeToQuery(node)),
  },
  writes: {},
  listens: {
    live: ({ event, failed }: ListenEvents<RowsPatch>, app: App, node: QueryNode) => {
      return { stop: kith.live(app, nodeToQuery(node), (_rows, patch) => event(patch), failed) }
    },
  },
  rest: kith,
})
