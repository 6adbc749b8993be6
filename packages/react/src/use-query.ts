import type { App, QueryOf, RowOf, Space, TablesOf } from '@kith/core'
import { createQueryNames } from '@kith/core/database'
import type { DatabaseOf, SpanningDatabaseOf } from '@kith/core/schema'
import { useRuntime } from './provider.ts'
import { type Resource, useReady, useSnapshot } from './resource.ts'

/** Rows that may not be there yet, or not be to be had. */
export type Loading<Row> = {
  /** Undefined until they are there. */
  readonly rows: readonly Row[] | undefined
  readonly error: unknown
}

export type Unsuspended = { readonly suspense: false }

/**
 * The rows of a query now, and again whenever they change: over a space, or over all spaces of an app (then each row has a `space`).
 * Rows that did not change are the same objects. It suspends until there are rows; with `{ suspense: false }` it says so instead.
 *
 * @throws KithError to the error boundary: those of a query.
 */
export function useQuery<A extends App, Row>(space: Space<A>, build: QueryOf<DatabaseOf<A>, Row>): readonly Row[]
export function useQuery<A extends App, Row>(app: A, build: QueryOf<SpanningDatabaseOf<A>, Row>): readonly Row[]
export function useQuery<A extends App, Row>(
  space: Space<A>,
  build: QueryOf<DatabaseOf<A>, Row>,
  options: Unsuspended,
): Loading<Row>
export function useQuery<A extends App, Row>(
  app: A,
  build: QueryOf<SpanningDatabaseOf<A>, Row>,
  options: Unsuspended,
): Loading<Row>
export function useQuery(
  source: Space<App> | App,
  build: QueryOf<never, object>,
  options?: Unsuspended,
): readonly object[] | Loading<object> {
  const resource = useRows(source, build)
  // The same on each render of a component, as hooks have to be.
  return options ? useLoading(resource) : useReady(resource)
}

/** One row by its id, live; undefined where there is none. */
export const useRow = <A extends App, N extends keyof TablesOf<A> & string>(
  space: Space<A>,
  table: N,
  id: string,
): RowOf<TablesOf<A>[N]> | undefined => {
  const build = (q: AnyStart) => q.selectFrom(table).selectAll().where('id', '=', id)
  return useReady(useRows(space as unknown as Space<App>, build as never))[0] as RowOf<TablesOf<A>[N]> | undefined
}

type AnyStart = {
  selectFrom: (table: string) => {
    selectAll: () => { where: (column: 'id', operator: '=', id: string) => unknown }
  }
}

/** Queries are known by what they ask: a component builds its own anew at each render, with the values of that render. */
const nameQuery = createQueryNames()

const useRows = (source: Space<App> | App, build: QueryOf<never, object>): Resource<readonly object[]> => {
  const { kith, resources } = useRuntime()
  return resources.of<readonly object[]>(source, `rows ${nameQuery(build)}`, (show, fail) =>
    'recordBytes' in source ? kith.live(source, build, show as never, fail) : source.live(build, show as never, fail),
  )
}

const useLoading = (resource: Resource<readonly object[]>): Loading<object> => {
  const snapshot = useSnapshot(resource)
  return {
    rows: snapshot.state === 'ready' ? snapshot.value : undefined,
    error: snapshot.state === 'failed' ? snapshot.error : undefined,
  }
}
