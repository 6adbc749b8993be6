import assert from 'node:assert/strict'
import { KithError } from '../../packages/core/src/bytes/index.ts'

/** Asserts that `run` throws a `KithError` with this code. */
export function assertRefused(run: () => unknown, code: string, why: string): void {
  assert.throws(run, (error) => error instanceof KithError && error.code === code, why)
}

/** The code that `run` throws; it must throw one. */
export function codeOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof KithError) return error.code
    throw error
  }
  throw new Error('An invalid vector is accepted')
}
