import { type CborValue, KithError } from '../bytes/index.ts'
import {
  droppedIdsMax,
  indexColumnsMax,
  indexesMax,
  nameBytesMax,
  ruleDepthMax,
  ruleNodesMax,
  tableColumnsMax,
  tablesMax,
} from '../limits/index.ts'
import { createColumnCodec } from './cell.ts'
import type { Column, ColumnSpec } from './column.ts'
import { findBadLens, storedColumns } from './lens.ts'
import { isAppId, isIdentifier } from './names.ts'
import { type RoleRank, rankNumbers } from './rank.ts'
import { type ColumnRecord, columnFlags, isFixed, type SchemaRecord, type TableRecord } from './record.ts'
import { checkRecord, schemaRecordToBytes } from './record-codec.ts'
import { type Roles, type RuleInput, type RuleLiteral, reservedRoleNames } from './rule.ts'
import { type RuleCode, type RuleNames, ruleToCode, writerRule } from './rule-code.ts'
import { isUsableRule } from './rule-judge.ts'
import type { Table, Tables } from './table.ts'

export type AppOptions<T extends Tables> = {
  /** Counts up with each release that changes the schema; a whole number from 1. */
  readonly version: number
  readonly tables: T
  /** The app's own roles and the rank that each stands for. */
  readonly roles?: Roles
  /** What earlier versions had and this one gives up: ids of tables, or `table.column`. */
  readonly dropped?: readonly string[]
}

/** An app's schema: its tables as declared, and the record that is published in its spaces. */
export type App<T extends Tables = Tables> = {
  readonly id: string
  readonly version: number
  readonly tables: T
  readonly record: SchemaRecord
  /** The record's one encoding. */
  readonly recordBytes: Uint8Array
}

/**
 * Declares an app. `id` is a reverse domain name for life; all else may change with `version`.
 * Throws KithError 'bad-schema' naming what cannot be.
 */
export const app = <const T extends Tables>(id: string, options: AppOptions<T>): App<T> => {
  if (!isAppId(id))
    throw bad(`"${String(id)}" is no app id: use a reverse domain name in lower case, such as org.example.todo`)
  if (!Number.isSafeInteger(options.version) || options.version < 1)
    throw bad('the version must be a whole number from 1')
  const record: SchemaRecord = {
    app: id,
    version: options.version,
    tables: tablesToRecords(options),
    roles: rolesToRecord(options.roles ?? {}),
    dropped: droppedToRecord(options.dropped ?? []),
  }
  checkDropped(record)
  checkRecord(record)
  return Object.freeze({
    id,
    version: options.version,
    tables: options.tables,
    record,
    recordBytes: schemaRecordToBytes(record),
  })
}

/** The id of a declared table or column: its first name. */
export const tableId = (name: string, declared: Table): string => declared.options.was ?? name
export const columnId = (name: string, declared: Pick<Column, 'spec'>): string => declared.spec.id ?? name

const tablesToRecords = (options: AppOptions<Tables>): TableRecord[] => {
  const entries = Object.entries(options.tables)
  if (entries.length > tablesMax) throw bad(`it has more than ${tablesMax} tables`)
  uniqueNames(
    entries.map(([name]) => name),
    'table',
  )
  return sorted(entries.map(([name, declared]) => tableToRecord(name, declared, options)))
}

const tableToRecord = (name: string, declared: Table, options: AppOptions<Tables>): TableRecord => {
  const id = tableId(name, declared)
  if (!isIdentifier(name) || !isIdentifier(id)) throw badName(name)
  const { key = [], index = [], search = [] } = declared.options
  const badLens = findBadLens(name, declared, key)
  if (badLens !== undefined) throw bad(badLens)
  const entries = Object.entries(storedColumns(declared))
  if (entries.length > tableColumnsMax) throw bad(`table "${name}" has more than ${tableColumnsMax} columns`)
  uniqueNames(
    entries.map(([column]) => column),
    `column of "${name}"`,
  )
  const columns = sorted(
    entries.map(([column, { spec }]) => columnToRecord(name, column, spec, key.includes(column), options.tables)),
  )
  const position = (column: string): number => {
    const at = columns.findIndex((record) => record.name === column)
    if (at < 0) throw bad(`table "${name}" has no column "${column}"`)
    return at
  }
  for (const at of search.map(position)) {
    if (!['text', 'richText'].includes((columns[at] as ColumnRecord).type))
      throw bad(`search in "${name}" takes text columns only`)
  }
  if (index.length > indexesMax || index.some((list) => list.length > indexColumnsMax)) {
    throw bad(`table "${name}" has more than ${indexesMax} indexes or more than ${indexColumnsMax} columns in one`)
  }
  const rule = (verb: 'insert' | 'update' | 'delete'): RuleCode =>
    ruleOf(declared.options[verb], `${name}.${verb}`, name, columns, options.roles ?? {})
  return {
    id,
    name,
    columns,
    key: key.map(position),
    indexes: index.map((list) => list.map(position)),
    search: search.map(position),
    rules: { insert: rule('insert'), update: rule('update'), delete: rule('delete') },
  }
}

const columnToRecord = (
  table: string,
  name: string,
  spec: ColumnSpec,
  isKey: boolean,
  tables: Tables,
): ColumnRecord => {
  const id = spec.id ?? name
  const where = `${table}.${name}`
  if (!isIdentifier(name) || !isIdentifier(id)) throw badName(where)
  if (name.toLowerCase() === 'id' || name.toLowerCase() === 'space')
    throw bad(`"${where}": every row has an id and a space of its own; choose another name`)
  if (isKey && spec.isOptional) throw bad(`key column "${where}" cannot be optional`)
  if (isKey && ['counter', 'set', 'richText', 'json', 'order'].includes(spec.kind))
    throw bad(`a ${spec.kind} column cannot be a key ("${where}")`)
  if (spec.whenDeleted === 'null' && !spec.isOptional) throw bad(`"${where}": onDelete('null') needs .optional()`)
  const target = spec.target === undefined ? undefined : tables[spec.target]
  if (spec.kind === 'ref' && !target) throw bad(`"${where}" references a table "${spec.target}" that is not declared`)
  const record: ColumnRecord = {
    id,
    name,
    type: spec.kind,
    flags: (spec.isOptional ? columnFlags.optional : 0) | (spec.isFixed || isKey ? columnFlags.fixed : 0),
    default: undefined,
    target: target ? tableId(spec.target as string, target) : '',
    onDelete: spec.whenDeleted ?? 'keep',
  }
  return spec.defaultValue === undefined
    ? record
    : { ...record, default: defaultToWire(table, record, spec.defaultValue) }
}

const defaultToWire = (table: string, column: ColumnRecord, value: unknown): CborValue => {
  try {
    return createColumnCodec(table, column).toWire(value)
  } catch (cause) {
    throw bad(`the default of "${table}.${column.name}" is not of its type`, cause)
  }
}

const ruleOf = (
  rule: RuleInput | undefined,
  where: string,
  table: string,
  columns: readonly ColumnRecord[],
  roles: Roles,
): RuleCode => {
  if (rule === undefined) return writerRule
  const find = (name: string): ColumnRecord => {
    const found = columns.find((candidate) => candidate.name === name)
    if (!found) throw bad(`the rule ${where} names "${table}.${name}", which is not there`)
    return found
  }
  const names: RuleNames = {
    where,
    hasRole: (name) => Object.hasOwn(roles, name),
    isPerson: (name) => find(name).type === 'person',
    columnId: (name, mustBeFixed) => {
      const found = find(name)
      if (mustBeFixed && !isFixed(found))
        throw bad(`the rule ${where} reads column("${name}"), which is not .fixed(): others may change it meanwhile`)
      return found.id
    },
    literal: (name, literal: RuleLiteral) => (literal === null ? null : defaultToWire(table, find(name), literal)),
  }
  const code = toCode(rule, names)
  const ruleColumns = {
    indexOf: (id: string) => columns.findIndex((column) => column.id === id),
    isFixed: (at: number) => isFixed(columns[at] as ColumnRecord),
    isPerson: (at: number) => columns[at]?.type === 'person',
  }
  if (!isUsableRule(code, ruleColumns))
    throw bad(`the rule ${where} is too deep or too long: at most ${ruleDepthMax} levels and ${ruleNodesMax} parts`)
  return code
}

const toCode = (rule: RuleInput, names: RuleNames): RuleCode => {
  try {
    return ruleToCode(rule, names)
  } catch (cause) {
    if (cause instanceof KithError) throw cause
    throw bad(`the rule ${names.where} is not made of the expressions that @kith/core exports`, cause)
  }
}

const rolesToRecord = (roles: Roles): [string, number][] => {
  const allowed: readonly RoleRank[] = ['reader', 'writer', 'admin']
  return Object.entries(roles)
    .map(([role, rank]): [string, number] => {
      if (!isIdentifier(role) || reservedRoleNames.includes(role)) throw bad(`"${role}" cannot be a role`)
      if (!allowed.includes(rank)) throw bad(`role "${role}" must stand for reader, writer or admin`)
      return [role, rankNumbers[rank]]
    })
    .sort(([left], [right]) => (left < right ? -1 : 1))
}

const droppedToRecord = (dropped: readonly string[]): string[] => {
  if (dropped.length > droppedIdsMax) throw bad(`more than ${droppedIdsMax} dropped ids`)
  for (const id of dropped) if (!id.split('.').every(isIdentifier) || id.split('.').length > 2) throw badName(id)
  return [...new Set(dropped)].sort()
}

/** A dropped id is used up: declaring it again would show old cells under a new meaning. */
const checkDropped = (record: SchemaRecord): void => {
  const dropped = new Set(record.dropped)
  for (const declared of record.tables) {
    if (dropped.has(declared.id)) throw bad(`table id "${declared.id}" is both declared and dropped`)
    for (const part of declared.columns) {
      const id = `${declared.id}.${part.id}`
      if (dropped.has(id)) throw bad(`column id "${id}" is both declared and dropped`)
    }
  }
}

const sorted = <R extends { readonly id: string }>(records: R[]): R[] => {
  records.sort((left, right) => (left.id < right.id ? -1 : 1))
  records.forEach((record, at) => {
    if (at > 0 && records[at - 1]?.id === record.id) throw bad(`two declarations have the id "${record.id}"`)
  })
  return records
}

/** SQL takes `Title` and `title` for one name, so that a query could not tell them apart. */
const uniqueNames = (names: readonly string[], what: string): void => {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name.toLowerCase())) throw bad(`two ${what}s differ in capitals only: "${name}"`)
    seen.add(name.toLowerCase())
  }
}

const badName = (name: string): KithError =>
  bad(`"${name}" is no usable name: letters, digits and _, at most ${nameBytesMax}, not beginning with a digit`)

const bad = (what: string, cause?: unknown): KithError =>
  new KithError('bad-schema', `The schema is not usable: ${what}.`, {}, cause)
