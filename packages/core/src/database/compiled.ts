import {
  type ColumnCodec,
  type ColumnKind,
  type CompiledRule,
  columnSqlName,
  compileRule,
  createColumnCodec,
  declaredTypes,
  isFixed,
  quoteName,
  type SchemaRecord,
  type TableRecord,
  tableSqlName,
} from '../schema/index.ts'

/** A published schema record made ready for judging and applying many changes. */
export type CompiledRecord = {
  readonly app: string
  readonly record: SchemaRecord
  readonly tables: readonly CompiledTable[]
}

/** What is known of a table by what was stored in it, whatever record it was written under. */
export type StoredTable = {
  readonly id: string
  /** Quoted name of the table in SQLite. */
  readonly physical: string
}

export type CompiledTable = StoredTable & {
  /** Its place in the record, which ops name. */
  readonly index: number
  readonly name: string
  readonly isKeyed: boolean
  /** Indexes of the key columns, in the order in which they make the id. */
  readonly key: readonly number[]
  /** The key column that names the row's author, if there is one. */
  readonly personKey: number | undefined
  readonly columns: readonly CompiledColumn[]
  /** Indexes, ascending, of the columns that every insert has to name. */
  readonly required: readonly number[]
  readonly rules: { readonly insert: CompiledRule; readonly update: CompiledRule; readonly delete: CompiledRule }
}

export type CompiledColumn = StoredColumn &
  Pick<ColumnCodec, 'isFixed' | 'isWire' | 'isUpdateWire' | 'toSql'> & {
    readonly name: string
  }

/** What is known of a column by what was stored under it, whatever record it was written under. */
export type StoredColumn = Pick<ColumnCodec, 'kind'> & {
  readonly id: string
  /** `id:type`: names the column where cells are kept. Under another record of somebody hostile an id may have another type. */
  readonly key: string
  /** Quoted name of the column in SQLite. A column of a type from a newer version (`kind` undefined) has none there. */
  readonly physical: string
}

/** The column of a key. */
export const keyToColumn = (key: string): StoredColumn => {
  const [id = '', type = ''] = key.split(':')
  const kind = Object.hasOwn(declaredTypes, type) ? (type as ColumnKind) : undefined
  return { id, key, physical: quoteName(columnSqlName({ id, type })), kind }
}

export const tableToPhysical = (app: string, table: string): string => quoteName(tableSqlName(app, table))

export const compileRecord = (record: SchemaRecord): CompiledRecord => ({
  app: record.app,
  record,
  tables: record.tables.map((table, index) => compileTable(record.app, table, index)),
})

/**
 * A record with the rules of another, newer or published beside it: columns keep the places that ops name. A table that the
 * other does not have keeps its own rules.
 */
export const withRulesOf = (named: CompiledRecord, other: CompiledRecord): CompiledRecord => ({
  ...named,
  tables: named.tables.map((table) => {
    const ruling = other.record.tables.find(({ id }) => id === table.id)
    const own = named.record.tables[table.index]
    return ruling && own ? compileTable(named.app, { ...own, rules: ruling.rules }, table.index) : table
  }),
})

const compileTable = (app: string, table: TableRecord, index: number): CompiledTable => {
  const indexes = new Map(table.columns.map((column, at) => [column.id, at]))
  const columnAt = (index: number) => table.columns[index]
  const ruleColumns = {
    indexOf: (id: string) => indexes.get(id),
    isFixed: (index: number) => isFixed(columnAt(index) as NonNullable<ReturnType<typeof columnAt>>),
    isPerson: (index: number) => columnAt(index)?.type === 'person',
  }
  const codecs = table.columns.map((column) => createColumnCodec(table.name, column))
  const personKey = table.key.find((index) => columnAt(index)?.type === 'person')
  return {
    index,
    id: table.id,
    name: table.name,
    physical: tableToPhysical(app, table.id),
    isKeyed: table.key.length > 0,
    key: table.key,
    personKey,
    columns: codecs.map(({ column, kind, isFixed, isWire, isUpdateWire, toSql }) => {
      const physical = quoteName(columnSqlName(column))
      const key = `${column.id}:${column.type}`
      return { id: column.id, key, name: column.name, physical, kind, isFixed, isWire, isUpdateWire, toSql }
    }),
    // What has a default is missing in rows from before it; a type from a newer version is for that version to ask for.
    required: codecs.flatMap(({ kind, missing }, at) =>
      kind && kind !== 'richText' && missing === undefined ? [at] : [],
    ),
    rules: {
      insert: compileRule(table.rules.insert, ruleColumns),
      update: compileRule(table.rules.update, ruleColumns),
      delete: compileRule(table.rules.delete, ruleColumns),
    },
  }
}
