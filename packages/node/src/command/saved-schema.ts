import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { extname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { KithError } from '@kith/core/bytes'
import { type App, bytesToSchemaRecord, type Column, type ColumnKind, type Table } from '@kith/core/schema'

/** A published record, in a file. */
const keptExtension = '.schema'

/** Keeps the app's record with the data, so that later commands need neither the module nor the file. */
export const keepSchema = (folder: string, app: App): string => {
  const path = join(folder, 'schemas', `${app.id}${keptExtension}`)
  mkdirSync(join(folder, 'schemas'), { recursive: true })
  writeFileSync(path, app.recordBytes)
  return path
}

/** The app with this id as it was kept, if it was. */
export const keptSchema = (folder: string, appId: string): App | undefined => {
  const name = `${appId}${keptExtension}`
  const schemas = join(folder, 'schemas')
  if (!existsSync(schemas) || !readdirSync(schemas).includes(name)) return undefined
  return recordToApp(readFileSync(join(schemas, name)))
}

/** The app of `--schema`: a module that exports one (as default or by a name), or a kept record. */
export const readSchema = async (path: string): Promise<App> => {
  if (extname(path) === keptExtension) return recordToApp(readFileSync(path))
  if (!existsSync(path)) throw new KithError('bad-schema', `There is no file ${path}.`)
  const module = await loadModule(path)
  const app = Object.values(module).find(isApp)
  if (app === undefined) throw new KithError('bad-schema', `${path} exports no app().`)
  return app
}

const loadModule = async (path: string): Promise<object> => {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as object
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : String(cause)
    throw new KithError('bad-schema', `${path} cannot be loaded as a module: ${why}`, {}, cause)
  }
}

const isApp = (value: unknown): value is App =>
  typeof value === 'object' && value !== null && 'recordBytes' in value && 'tables' in value && 'id' in value

/** What code would have declared: enough to read, and to write without validators. Columns from newer versions are not shown. */
const recordToApp = (bytes: Uint8Array): App => {
  const record = bytesToSchemaRecord(bytes)
  const nameOf = new Map(record.tables.map((table) => [table.id, table.name]))
  const tables: Record<string, Table> = {}
  for (const table of record.tables) {
    const columns: Record<string, Column> = {}
    for (const column of table.columns) {
      const isOptional = (column.flags & 1) !== 0
      const isFixed = (column.flags & 2) !== 0
      const target = nameOf.get(column.target)
      columns[column.name] = {
        spec: {
          kind: column.type as ColumnKind,
          id: column.id,
          isOptional,
          isFixed,
          ...(target === undefined ? {} : { target }),
        },
      }
    }
    const key = table.key.flatMap((at) => table.columns[at]?.name ?? [])
    tables[table.name] = { columns, options: { key, was: table.id } }
  }
  return { id: record.app, version: record.version, tables, record, recordBytes: bytes }
}
