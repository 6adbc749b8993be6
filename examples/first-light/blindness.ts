import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Something that must not be found: what it is, for people, and every way in which it may be written. */
export type Needle = { readonly what: string; readonly spellings: readonly (string | Uint8Array)[] }

/** A piece of somebody's state to search through. */
export type Part = { readonly name: string; readonly bytes: Buffer }

export type State = {
  /** Each file byte by byte, and each database again row by row: a value may be cut by SQLite's pages. */
  readonly parts: readonly Part[]
  readonly files: readonly string[]
  readonly fileBytes: number
}

/** Everything that a folder holds, read from a copy, so that its owner is not disturbed. */
export const readState = (folder: string): State =>
  withCopy(folder, (copy) => {
    // All files first: opening a database folds its log into it.
    const files = listFiles(copy).map((path) => ({
      path,
      name: path.slice(copy.length + 1),
      bytes: readFileSync(path),
    }))
    const databases = files.filter((file) => file.bytes.subarray(0, 15).toString('latin1') === 'SQLite format 3')
    return {
      parts: [
        ...files.map(({ name, bytes }) => ({ name, bytes })),
        ...databases.map(({ path, name }) => ({ name: `the rows of ${name}`, bytes: readRows(path) })),
      ],
      files: files.map((file) => file.name),
      fileBytes: files.reduce((sum, file) => sum + file.bytes.length, 0),
    }
  })

/** Runs queries on a copy of the database in `folder`. */
export const withDatabaseCopy = <T>(folder: string, read: (database: DatabaseSync) => T): T =>
  withCopy(folder, (copy) => {
    const path = listFiles(copy).find(
      (file) => readFileSync(file).subarray(0, 15).toString('latin1') === 'SQLite format 3',
    )
    if (path === undefined) throw new Error(`There is no database in ${basename(folder)}.`)
    const database = new DatabaseSync(path)
    try {
      return read(database)
    } finally {
      database.close()
    }
  })

/** Where each needle is in the state, and how it is written there; undefined where it is not. */
export const search = (state: State, needles: readonly Needle[]): (string | undefined)[] =>
  needles.map((needle) => {
    for (const spelling of needle.spellings) {
      for (const [form, bytes] of formsOf(Buffer.from(spelling as Uint8Array))) {
        const part = state.parts.find((candidate) => candidate.bytes.includes(bytes))
        if (part !== undefined) return `${needle.what} is in ${part.name}, ${form}`
      }
    }
    return undefined
  })

/** Raw, hex in both cases, base64 and base64url at each of the three places where a group of three bytes may begin. */
export const formsOf = (bytes: Buffer): [form: string, bytes: Buffer][] => {
  const hex = bytes.toString('hex')
  const forms = new Map<string, string>([
    [hex, 'in hex'],
    [hex.toUpperCase(), 'in hex'],
  ])
  for (const before of [0, 1, 2]) {
    const padded = Buffer.concat([Buffer.alloc(before), bytes])
    // Characters that depend on what stands before or after are left out.
    const first = Math.ceil((before * 8) / 6)
    const last = Math.floor((padded.length * 8) / 6)
    forms.set(padded.toString('base64').slice(first, last), 'in base64')
    forms.set(padded.toString('base64url').slice(first, last), 'in base64')
  }
  return [
    ['as it is', bytes],
    ...[...forms].map(([text, form]): [string, Buffer] => [form, Buffer.from(text, 'latin1')]),
  ]
}

const withCopy = <T>(folder: string, read: (copy: string) => T): T => {
  const copy = mkdtempSync(join(tmpdir(), 'kith-search-'))
  try {
    cpSync(folder, copy, { recursive: true, filter: (path) => statSync(path).isFile() || statSync(path).isDirectory() })
    return read(copy)
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

const listFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()

const readRows = (path: string): Buffer => {
  const database = new DatabaseSync(path)
  try {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    const cells: Buffer[] = []
    for (const { name } of tables) {
      const statement = database.prepare(`SELECT * FROM "${String(name).replaceAll('"', '""')}"`)
      statement.setReadBigInts(true)
      for (const row of statement.iterate()) {
        for (const cell of Object.values(row)) {
          if (cell instanceof Uint8Array) cells.push(Buffer.from(cell))
          else if (cell !== null) cells.push(Buffer.from(String(cell)))
          cells.push(Buffer.from('\n'))
        }
      }
    }
    return Buffer.concat(cells)
  } finally {
    database.close()
  }
}
