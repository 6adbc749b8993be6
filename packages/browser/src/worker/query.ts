import type { QueryOf } from '@kith/core'
import { KithError } from '@kith/core/bytes'

/** A Kysely query as the page has built it: its operation nodes, plain data. */
export type QueryNode = { readonly kind: string }

/**
 * A query for the core, which compiles the nodes itself and refuses raw SQL and whatever is no SELECT of the app's tables: no SQL
 * comes from the page.
 */
export const nodeToQuery = (node: QueryNode): QueryOf<never, object> => {
  if (typeof node?.kind !== 'string') throw new KithError('not-allowed', 'This query cannot run: it is none.')
  return () => ({ toOperationNode: () => node }) as never
}
