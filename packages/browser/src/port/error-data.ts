import { type ErrorCode, KithError } from '@kith/core'
import type { ErrorData } from './messages.ts'

/** What was thrown, as an error. */
export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

export const errorToData = (thrown: unknown): ErrorData => {
  const error = toError(thrown)
  return error instanceof KithError
    ? { code: error.code, message: error.message, details: error.details, stack: error.stack }
    : { code: undefined, message: error.message, details: {}, stack: error.stack }
}

/**
 * The worker's stack is the one that tells something. A code is taken as it is: the other end is this program, in a tab of a newer version perhaps. The registry, which holds
 * what each code means, is 3 KB that neither page nor worker needs.
 */
export const dataToError = ({ code, message, details, stack }: ErrorData): Error => {
  const error = code === undefined ? new Error(message) : new KithError(code as ErrorCode, message, { ...details })
  if (stack !== undefined) error.stack = stack
  return error
}
