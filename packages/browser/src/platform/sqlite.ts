/** `SqlDatabase` on the C interface of sqlite-wasm. */
import { KithError } from '@kith/core/bytes'
import type { SqlDatabase, SqlRow, SqlStatement, SqlValue } from '@kith/core/ports'
import type { Sqlite3Static } from '@sqlite.org/sqlite-wasm'
import { sqliteError } from './sqlite-error.ts'

/** The same as in Node but for the page cache, which is the WASM heap's; measured in docs/decisions/0022-browser.md. */
const settings = `
  PRAGMA page_size = 8192;
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA journal_mode = WAL;
  -- What is acknowledged survives a power cut.
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -16000;
  PRAGMA wal_autocheckpoint = 2000;
  -- A burst may grow the log; it does not stay on the disk.
  PRAGMA journal_size_limit = 67108864;
  PRAGMA temp_store = MEMORY;
  -- A file from elsewhere must not run functions of its choice from its own schema.
  PRAGMA trusted_schema = OFF;
`

/** The functions of the WASM module that are called once a value: by themselves, because the library's wrappers cost more than the call. */
type Exports = {
  readonly sqlite3_step: (statement: number) => number
  readonly sqlite3_reset: (statement: number) => number
  readonly sqlite3_finalize: (statement: number) => number
  readonly sqlite3_clear_bindings: (statement: number) => number
  readonly sqlite3_bind_parameter_count: (statement: number) => number
  readonly sqlite3_bind_null: (statement: number, at: number) => number
  readonly sqlite3_bind_double: (statement: number, at: number, value: number) => number
  readonly sqlite3_bind_int64: (statement: number, at: number, value: bigint) => number
  readonly sqlite3_bind_text: (statement: number, at: number, text: number, bytes: number, free: number) => number
  readonly sqlite3_bind_blob: (statement: number, at: number, blob: number, bytes: number, free: number) => number
  readonly sqlite3_column_count: (statement: number) => number
  readonly sqlite3_column_type: (statement: number, column: number) => number
  readonly sqlite3_column_double: (statement: number, column: number) => number
  readonly sqlite3_column_text: (statement: number, column: number) => number
  readonly sqlite3_column_blob: (statement: number, column: number) => number
  readonly sqlite3_column_bytes: (statement: number, column: number) => number
  readonly sqlite3_stmt_status: (statement: number, counter: number, reset: number) => number
}

const sqliteRow = 100
const sqliteDone = 101
/** Types of values, https://sqlite.org/c3ref/c_blob.html */
const types = { integer: 1, real: 2, text: 3, blob: 4 } as const
/** SQLite copies what is bound before the call returns. */
const transient = -1
/** https://sqlite.org/c3ref/c_stmtstatus_counter.html */
const reprepareCount = 5
const scratchBytesMin = 64 * 1024

export type OpenedFile = {
  readonly sqlite3: Sqlite3Static
  /** For messages. */
  readonly store: string
  readonly path: string
  /** Undefined: the default, which for ':memory:' is right. */
  readonly vfs: string | undefined
  /** What the file system threw since it was last asked. */
  readonly takeFailure: () => unknown
}

/** @throws KithError `storage-damaged`, `storage-full`, `storage-unavailable`, `storage-busy`; the same from every later call. */
export const openSqlite = ({ sqlite3, store, path, vfs, takeFailure }: OpenedFile): SqlDatabase => {
  const { capi, wasm } = sqlite3
  const exports = wasm.exports as Exports
  const encoder = new TextEncoder()
  // A text may begin with U+FEFF, which is not a byte order mark here.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let scratch = 0
  let scratchBytes = 0
  let database = 0

  const fail = (code: number): Error => {
    if (database === 0) return sqliteError(store, code, 'The database cannot be opened.', takeFailure())
    return sqliteError(store, capi.sqlite3_extended_errcode(database), capi.sqlite3_errmsg(database), takeFailure())
  }
  const check = (code: number): void => {
    if (code !== 0) throw fail(code)
  }
  const assertOpen = (): void => {
    if (database === 0) throw new KithError('closed', 'The database is closed.')
  }
  /** Statements are finalized when nobody can use them any more, as Node does. */
  const statements = new Set<number>()
  const unused = new FinalizationRegistry<number>((pointer) => {
    if (statements.delete(pointer)) exports.sqlite3_finalize(pointer)
  })

  /** Room in the WASM heap for one value. */
  const reserve = (bytes: number): number => {
    if (bytes > scratchBytes) {
      if (scratch !== 0) wasm.dealloc(scratch)
      scratch = 0
      scratchBytes = 0
      const room = Math.max(scratchBytesMin, bytes)
      scratch = wasm.alloc(room)
      scratchBytes = room
    }
    return scratch
  }

  const bind = (statement: number, at: number, value: SqlValue): number => {
    // As Node binds them: whole numbers too are REAL until a column or an expression makes them INTEGER.
    if (typeof value === 'number') return exports.sqlite3_bind_double(statement, at, value)
    if (value === null) return exports.sqlite3_bind_null(statement, at)
    if (typeof value === 'string') {
      // UTF-16 to UTF-8: at most three bytes a unit.
      const room = reserve(value.length * 3 || 1)
      const { written } = encoder.encodeInto(value, wasm.heap8u().subarray(room, room + scratchBytes))
      return exports.sqlite3_bind_text(statement, at, room, written, transient)
    }
    if (value instanceof Uint8Array) {
      const room = reserve(value.length || 1)
      wasm.heap8u().set(value, room)
      return exports.sqlite3_bind_blob(statement, at, room, value.length, transient)
    }
    if (typeof value === 'bigint') {
      if (BigInt.asIntN(64, value) !== value) throw new KithError('bad-value', 'SQLite holds integers of 64 bits.')
      return exports.sqlite3_bind_int64(statement, at, value)
    }
    throw new TypeError(`SQLite cannot hold a ${typeof value}.`)
  }

  const read = (statement: number, column: number): SqlValue => {
    switch (exports.sqlite3_column_type(statement, column)) {
      case types.integer: {
        // Exact up to 2^53, and never below it for what is larger.
        const value = exports.sqlite3_column_double(statement, column)
        if (Number.isSafeInteger(value)) return value
        throw new KithError('bad-value', 'A number in the database passes 2^53 − 1: sum or multiply smaller numbers.')
      }
      case types.real:
        return exports.sqlite3_column_double(statement, column)
      case types.text: {
        const start = exports.sqlite3_column_text(statement, column)
        return decoder.decode(wasm.heap8u().subarray(start, start + exports.sqlite3_column_bytes(statement, column)))
      }
      case types.blob: {
        const start = exports.sqlite3_column_blob(statement, column)
        return wasm.heap8u().slice(start, start + exports.sqlite3_column_bytes(statement, column))
      }
      default:
        return null
    }
  }

  const prepare = (sql: string): SqlStatement => {
    assertOpen()
    const place = wasm.allocPtr(1)
    let pointer: number
    try {
      check(capi.sqlite3_prepare_v3(database, sql, -1, capi.SQLITE_PREPARE_PERSISTENT, place, null))
      pointer = wasm.peekPtr(place)
    } finally {
      wasm.dealloc(place)
    }
    if (pointer === 0) throw new TypeError('A statement without SQL.')
    statements.add(pointer)
    const parametersCount = exports.sqlite3_bind_parameter_count(pointer)
    let names: string[] | undefined
    let namesOf = 0

    /** SQLite prepares again by itself when the schema has changed: `*` may then stand for other columns. */
    const columnNames = (): string[] => {
      const prepared = exports.sqlite3_stmt_status(pointer, reprepareCount, 0)
      if (names === undefined || namesOf !== prepared) {
        names = Array.from({ length: exports.sqlite3_column_count(pointer) }, (_, at) =>
          capi.sqlite3_column_name(pointer, at),
        )
        namesOf = prepared
      }
      return names
    }
    const readRow = (): SqlRow => {
      const row: SqlRow = {}
      const columns = columnNames()
      for (let at = 0; at < columns.length; at += 1) row[columns[at] as string] = read(pointer, at)
      return row
    }
    /** Runs it and calls `row` for each row until that answers false. */
    const perform = (parameters: readonly SqlValue[], row: () => boolean): void => {
      assertOpen()
      if (parameters.length > parametersCount) throw new RangeError('More values than the statement has places.')
      try {
        for (let at = 0; at < parameters.length; at += 1) check(bind(pointer, at + 1, parameters[at] as SqlValue))
        for (;;) {
          const code = exports.sqlite3_step(pointer)
          if (code === sqliteDone) return
          if (code !== sqliteRow) throw fail(code)
          if (!row()) return
        }
      } finally {
        exports.sqlite3_reset(pointer)
        exports.sqlite3_clear_bindings(pointer)
      }
    }
    const statement: SqlStatement = {
      run: (...parameters) => perform(parameters, () => true),
      get: (...parameters) => {
        let found: SqlRow | undefined
        perform(parameters, () => {
          found = readRow()
          return false
        })
        return found
      },
      all: (...parameters) => {
        const rows: SqlRow[] = []
        perform(parameters, () => rows.push(readRow()) > 0)
        return rows
      },
      columns: () => {
        assertOpen()
        return Array.from({ length: exports.sqlite3_column_count(pointer) }, (_, at) => ({
          name: capi.sqlite3_column_name(pointer, at),
          declaredType: capi.sqlite3_column_decltype(pointer, at),
        }))
      },
    }
    unused.register(statement, pointer)
    return statement
  }

  const close = (): void => {
    if (database === 0) return
    for (const pointer of statements) exports.sqlite3_finalize(pointer)
    statements.clear()
    capi.sqlite3_close_v2(database)
    database = 0
    if (scratch !== 0) wasm.dealloc(scratch)
    scratch = 0
    scratchBytes = 0
  }

  const exec = (sql: string): void => {
    assertOpen()
    check(capi.sqlite3_exec(database, sql, 0, 0, 0))
  }

  const place = wasm.allocPtr(1)
  try {
    const flags = capi.SQLITE_OPEN_READWRITE | capi.SQLITE_OPEN_CREATE | capi.SQLITE_OPEN_EXRESCODE
    const code = capi.sqlite3_open_v2(path, place, flags, vfs ?? 0)
    database = wasm.peekPtr(place)
    check(code)
    exec(settings)
    // Reads the file's header now, not at the first query.
    exec('BEGIN EXCLUSIVE; COMMIT')
  } catch (cause) {
    close()
    throw cause
  } finally {
    wasm.dealloc(place)
  }
  return { exec, prepare, close }
}
