import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { KithError } from '@kith/core/bytes'

/** A row as the file has it. */
export type DataRow = { readonly [column: string]: unknown }

/** Table → rows, in the file's order. */
export type DataTables = ReadonlyMap<string, readonly DataRow[]>

/** What an import reads into memory: a larger one is a program's work. */
const dataBytesMax = 512 * 1024 * 1024

/** Reads `{"Table": [{…}, …], …}`. Throws KithError 'bad-encoding' where the file is anything else, 'too-large' past 512 MiB. */
export const readDataFile = (path: string): DataTables => {
  const text = new TextDecoder('utf-8', { fatal: true })
  let content: unknown
  try {
    const file = readFileSync(path)
    const isGzip = file[0] === 0x1f && file[1] === 0x8b
    content = JSON.parse(text.decode(isGzip ? gunzipSync(file, { maxOutputLength: dataBytesMax }) : file))
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause) throw cause
    if (cause instanceof RangeError) throw new KithError('too-large', `${path} is larger than 512 MiB. Split it.`)
    throw new KithError('bad-encoding', `${path} is not JSON, nor JSON.gz.`, {}, cause)
  }
  if (!isObject(content)) throw badShape(path, 'the outermost value is not an object')
  const tables = new Map<string, DataRow[]>()
  for (const [table, rows] of Object.entries(content)) {
    if (!Array.isArray(rows)) throw badShape(path, `"${table}" is not a list of rows`)
    const at = rows.findIndex((row) => !isObject(row))
    if (at >= 0) throw badShape(path, `row ${at + 1} of "${table}" is not an object`)
    tables.set(table, rows as DataRow[])
  }
  if (tables.size === 0) throw badShape(path, 'it has no table')
  return tables
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const badShape = (path: string, what: string): KithError =>
  new KithError('bad-encoding', `${path} does not have the form {"Table": [{"column": value}]}: ${what}.`)
