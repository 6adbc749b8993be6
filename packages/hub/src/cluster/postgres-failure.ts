/** What went wrong between a hub process and its PostgreSQL. Messages of the driver may name the server: none of them is passed on. */
import { KithError } from '@kith/core/bytes'
import { StoreFailure } from '../store/entry-store.ts'

const codeOf = (cause: unknown): string => {
  const code = (cause as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

/** SQLSTATE classes 08 and 57, and the names that the driver and the operating system give to a line that is cut. */
const away =
  /^(08...|57P0.|CONNECTION_.*|CONNECT_TIMEOUT|ECONN.*|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOST.*|ENET.*|53300)$/

/** Serialization failures and deadlocks: the same again succeeds. */
const conflict = /^(40001|40P01|40003|55P03)$/

export const isWorthAnotherTry = (cause: unknown): boolean => away.test(codeOf(cause)) || conflict.test(codeOf(cause))

/** Other errors are mistakes of ours, and are thrown on. */
export function toStoreFailure(cause: unknown): StoreFailure {
  if (cause instanceof StoreFailure) return cause
  const code = codeOf(cause)
  if (isWorthAnotherTry(cause) || code === '57014' || code === '25006') return new StoreFailure('unavailable', cause)
  if (/^(53100|53200|53400|54...)$/.test(code)) return new StoreFailure('full', cause)
  if (/^(XX...|58...|42P01|42703)$/.test(code)) return new StoreFailure('damaged', cause)
  throw cause
}

/** In words, without any name of the server. */
export function postgresProblem(cause: unknown): string {
  const code = codeOf(cause)
  return code === '28P01' || code === '28000'
    ? 'it refuses the user or the password'
    : code === '3D000'
      ? 'it has no database of that name: make it with createdb'
      : code === '42501'
        ? 'the user may not make tables there: give it the database with OWNER'
        : `it cannot be reached or does not do what is asked (${code})`
}

/** The typed error for a failure while a hub starts. */
export function toOpenFailure(cause: unknown): unknown {
  if (cause instanceof KithError) return cause
  if (codeOf(cause) === '') return cause
  return new KithError(
    'storage-unavailable',
    `The hub's PostgreSQL: ${postgresProblem(cause)}. See --database.`,
    {},
    cause,
  )
}
