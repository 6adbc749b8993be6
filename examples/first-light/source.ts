import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { type MusicTable, musicTables } from './music.ts'

/** A row of the file: column → value; rows of other tables are named by their integer. */
export type FileRow = { readonly [column: string]: string | number | null }

export type Source = { readonly name: string; readonly tables: Readonly<Record<MusicTable, readonly FileRow[]>> }

export type SourceWish = 'any' | 'sample'

const chinookPath = join(import.meta.dirname, '..', '..', '..', 'shared', 'data', 'chinook.json.gz')
const samplePath = join(import.meta.dirname, 'sample', 'music.json.gz')

/**
 * The Chinook database where it lies beside the repository, otherwise (or where `sample` is wished for) the sample of the same
 * shape that is in it.
 */
export const readSource = (wished: SourceWish): Source => {
  const isChinook = wished !== 'sample' && existsSync(chinookPath)
  const text = gunzipSync(readFileSync(isChinook ? chinookPath : samplePath)).toString('utf8')
  const tables = JSON.parse(text) as Source['tables']
  for (const name of musicTables) if (!Array.isArray(tables[name])) throw new Error(`The data has no table "${name}".`)
  return { name: isChinook ? 'Chinook, a music shop' : 'the sample, a music shop', tables }
}

export const countRows = (source: Source): number =>
  musicTables.reduce((sum, name) => sum + source.tables[name].length, 0)
