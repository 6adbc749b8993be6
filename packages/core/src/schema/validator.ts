import type { StandardSchemaV1 } from '@standard-schema/spec'
import { KithError } from '../bytes/index.ts'
import { badValue } from './cell.ts'

/**
 * A validator's output is what is written, so that it may trim or normalise; null is never asked about. Throws KithError 'bad-value' with what
 * it reports, 'validator-failed' where it throws itself, 'not-supported' for one that is asynchronous.
 */
export const runValidator = (validator: StandardSchemaV1, table: string, column: string, value: unknown): unknown => {
  if (value === null || value === undefined) return value
  const result = validate(validator, table, column, value)
  if (result instanceof Promise) {
    throw new KithError('not-supported', `The validator of "${table}.${column}" is asynchronous. Use one that is not.`)
  }
  if (result.issues) throw badValue(table, column, result.issues.map((issue) => issue.message).join('; '), value)
  return result.value
}

const validate = (validator: StandardSchemaV1, table: string, column: string, value: unknown) => {
  try {
    return validator['~standard'].validate(value)
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause)
    throw new KithError(
      'validator-failed',
      `The validator of "${table}.${column}" threw: ${said}`,
      { table, column },
      cause,
    )
  }
}
