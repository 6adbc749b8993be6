import { type App, KithError } from '@kith/core'
import { badValue, type ColumnSpec } from '@kith/core/schema'

/** Runs the app's validators, which are functions and cannot go to the worker, over what is about to be written. */
export const validateRow = (app: App, table: string, row: unknown): unknown => {
  const columns = app.tables[table]?.columns
  if (!columns || typeof row !== 'object' || row === null) return row
  const entries = Object.entries(row).map(([name, value]: [string, unknown]) => {
    const validator = Object.hasOwn(columns, name) ? columns[name]?.spec.validator : undefined
    return [name, validator && value !== null && value !== undefined ? validate(validator, table, name, value) : value]
  })
  return Object.fromEntries(entries)
}

/** A validator's output is what is written, as in the core. */
const validate = (
  validator: NonNullable<ColumnSpec['validator']>,
  table: string,
  column: string,
  value: unknown,
): unknown => {
  const result = validator['~standard'].validate(value)
  if (result instanceof Promise) {
    throw new KithError('not-supported', `The validator of "${table}.${column}" is asynchronous. Use one that is not.`)
  }
  if (result.issues) throw badValue(table, column, result.issues.map((issue) => issue.message).join('; '), value)
  return result.value
}
