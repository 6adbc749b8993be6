import { type App, KithError } from '@kith/core'
import { createQueries, type Query, type QueryStart } from '@kith/core/database'
import type { SqlDatabase } from '@kith/core/ports'
import type { QueryNode } from '../worker/query.ts'

/** Turns what an app builds into nodes for the worker. What cannot be asked is refused here already, where the app's stack says by whom. */
export type ToQueryNode = (build: (start: QueryStart<never>) => Query<unknown>) => QueryNode

/** For one space, or for queries that span all spaces of the app, whose tables have a column more. */
export const createToQueryNode = (app: App, spanning: boolean): ToQueryNode => {
  // Never asked: it only compiles. The space's number, which the worker knows, is left out of the nodes.
  const queries = spanning
    ? createQueries({ database: noDatabase, app })
    : createQueries({ database: noDatabase, app, space: 0 })
  return (build) => {
    let node: QueryNode | undefined
    queries.compile(((start: QueryStart<never>) => {
      const built = build(start).toOperationNode()
      node = built
      return { toOperationNode: () => built }
    }) as never)
    return node as unknown as QueryNode
  }
}

const refuse = (): never => {
  throw new KithError('not-supported', 'The database is in the worker.')
}
const noDatabase: SqlDatabase = { exec: refuse, prepare: refuse, close: refuse }
