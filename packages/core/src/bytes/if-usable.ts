import { KithError } from './error.ts'

/** What `read` gives; undefined where it throws a KithError: what came from outside, or was made by another version, is not usable. */
export function ifUsable<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof KithError) return undefined
    throw cause
  }
}
