import type { App } from '@kith/core'
import { runValidator } from '@kith/core/schema'

/** Runs the app's validators, which are functions and cannot go to the worker, over what is about to be written. */
export const validateRow = (app: App, table: string, row: unknown): unknown => {
  const columns = app.tables[table]?.columns
  if (!columns || typeof row !== 'object' || row === null) return row
  const entries = Object.entries(row).map(([name, value]: [string, unknown]) => {
    const validator = Object.hasOwn(columns, name) ? columns[name]?.spec.validator : undefined
    return [name, validator ? runValidator(validator, table, name, value) : value]
  })
  return Object.fromEntries(entries)
}
