import { type CborValue, equalBytes } from '../bytes/index.ts'
import { type DataBody, type Op, opCodes } from '../change/index.ts'
import type { Hashing } from '../ports/index.ts'
import { type Actor, type CompiledRule, type RuleFacts, rankNumbers } from '../schema/index.ts'
import type { CompiledRecord, CompiledTable } from './compiled.ts'
import { cellOf, findInsert, findUpsert } from './inserts.ts'

/**
 * The verdict on a data change by the rules of its schema record. It reads the change, its author and, where a rule asks
 * for them, the author and fixed columns of rows: nothing that a later change could alter.
 */
export type Verdict =
  | { readonly state: 'applied' }
  /** A rule needs this row's insert, which is not here yet. */
  | {
      readonly state: 'waiting'
      readonly need: Uint8Array
      readonly table: CompiledTable
      readonly reason: string
    }
  | {
      readonly state: 'held back'
      readonly code: HeldCode
      readonly reason: string
      /** It is because of a row's author or fixed columns: the change itself is well-formed. */
      readonly byRow?: boolean
    }

export type HeldCode = 'rule' | 'bad-value' | 'unknown-column' | 'fixed-column' | 'foreign-key' | 'twin'

export type Author = Actor & { readonly address: Uint8Array }

/** What is settled about a row for ever by its insert. */
export type RowOrigin = {
  readonly author: Uint8Array | undefined
  readonly fixed: (column: number) => CborValue | undefined
}

export type JudgeInput = {
  readonly crypto: Hashing
  readonly record: CompiledRecord
  readonly space: Uint8Array
  /** Whose rights count. */
  readonly author: Author
  /** Whose the rows are: of a re-issue, the author of the change re-issued. Without it, `author`. */
  readonly owner?: Uint8Array
  readonly body: DataBody
  readonly opId: (index: number) => Uint8Array
  /** The values come from this device's own encoders, which checked them one by one. */
  readonly isOwn?: boolean
  /** Undefined where the row's insert is not here. */
  readonly origin: (table: CompiledTable, row: Uint8Array) => RowOrigin | undefined
}

const applied: Verdict = { state: 'applied' }

/** What is wrong with the change itself comes first, and only then what is wrong because of rows, or missing. */
export const judgeOps = (input: JudgeInput): Verdict => {
  const { body } = input
  let byRow: Verdict | undefined
  for (let at = 0; at < body.ops.length; at += 1) {
    const verdict = judgeOp(input, body.ops[at] as Op, body.starts[at] as number)
    if (verdict === applied) continue
    if (verdict.state === 'held back' && !verdict.byRow) return verdict
    byRow ??= verdict
  }
  return byRow ?? applied
}

const judgeOp = (input: JudgeInput, op: Op, start: number): Verdict => {
  switch (op[0]) {
    case opCodes.profile:
      return applied
    case opCodes.title:
      return input.author.rank >= rankNumbers.admin ? applied : heldBack('rule', 'Only an admin may rename the space.')
    case opCodes.insert:
    case opCodes.upsert: {
      const table = input.record.tables[op[1]]
      if (!table) return heldBack('unknown-column', 'It writes to a table that its schema does not have.')
      if (table.isKeyed !== (op[0] === opCodes.upsert)) {
        return heldBack(
          'bad-value',
          `Rows of ${table.name} are ${table.isKeyed ? 'upserted, not inserted' : 'inserted, not upserted'}.`,
        )
      }
      return judgeRows(input, table, op[2], op[3], op[4], start)
    }
    default: {
      const table = input.record.tables[op[1]]
      if (!table) return heldBack('unknown-column', 'It writes to a table that its schema does not have.')
      return judgeRowOp(input, table, op, start)
    }
  }
}

const judgeRows = (
  input: JudgeInput,
  table: CompiledTable,
  columns: readonly number[],
  rows: number,
  values: readonly CborValue[],
  start: number,
): Verdict => {
  if (columns.length === 0 && rows > 1) {
    // Thousands of rows out of no bytes: they are to be named one by one.
    return heldBack('bad-value', `Rows of ${table.name} without any value are inserted one by one.`)
  }
  const missing = firstMissing(table.required, columns)
  if (missing !== undefined)
    return heldBack('bad-value', `A row of ${table.name} needs a value for ${table.columns[missing]?.name}.`)
  for (let at = 0; at < columns.length; at += 1) {
    const column = table.columns[columns[at] as number]
    if (!column) return heldBack('unknown-column', `It writes a column that ${table.name} does not have.`)
    if (input.isOwn) continue
    for (let row = 0; row < rows; row += 1) {
      const value = values[at * rows + row] as CborValue
      if (typeof value === 'number' && column.kind === 'ref') {
        if (!isInsertedBefore(input.body, value, start + row)) return badValue(table.name, column.name)
      } else if (!column.isWire(value)) return badValue(table.name, column.name)
    }
  }
  if (table.isKeyed && table.key.some((key) => !columns.includes(key))) {
    return heldBack('bad-value', `A row of ${table.name} needs all columns of its key.`)
  }
  if (table.personKey !== undefined) {
    const place = columns.indexOf(table.personKey)
    for (let row = 0; row < rows; row += 1) {
      if (!equalBytes(values[place * rows + row] as Uint8Array, input.owner ?? input.author.address)) {
        return heldBack('foreign-key', `A row of ${table.name} names its writer; this one names somebody else.`)
      }
    }
  }
  const rule = table.rules.insert
  const byActor = rule.judgeActor(input.author)
  if (byActor !== undefined) return byActor ? applied : refused('insert into', table)
  for (let row = 0; row < rows; row += 1) {
    const cell = (column: number): CborValue | undefined => {
      const place = columns.indexOf(column)
      return place === -1 ? undefined : values[place * rows + row]
    }
    const facts = { ...input.author, me: input.author.address, isAuthor: true, fixed: cell, value: cell }
    if (!rule.judge(facts)) return refused('insert into', table)
  }
  return applied
}

/** The first of `required` that is not among `columns`; both ascend. */
const firstMissing = (required: readonly number[], columns: readonly number[]): number | undefined => {
  let at = 0
  for (const column of required) {
    while (at < columns.length && (columns[at] as number) < column) at += 1
    if (columns[at] !== column) return column
  }
  return undefined
}

/** Whether a cell may name a row by this op index: an insert that comes before. */
const isInsertedBefore = (body: DataBody, index: number, before: number): boolean =>
  index < before && findInsert(body, index) !== undefined

type RowOp = Exclude<Op, { readonly 0: 0 | 1 | 6 | 7 }>

const judgeRowOp = (input: JudgeInput, table: CompiledTable, op: RowOp, start: number): Verdict => {
  if (typeof op[2] === 'number' && findInsert(input.body, op[2])?.table !== table.index) {
    return heldBack('bad-value', `It names a row of ${table.name} by an op that does not insert one.`)
  }
  let written: (column: number) => CborValue | undefined = () => undefined
  let rule = table.rules.update
  if (op[0] === opCodes.update) {
    const cells = op[3]
    const problem = checkUpdate(input, table, cells, start)
    if (problem) return problem
    written = (column) => {
      for (let at = 0; at < cells.length; at += 2) if (cells[at] === column) return cells[at + 1]
      return undefined
    }
  } else if (op[0] === opCodes.text) {
    const column = table.columns[op[3]]
    if (column?.kind !== 'richText')
      return heldBack('unknown-column', `It types into a column of ${table.name} that is no rich text.`)
    written = (index) => (index === op[3] ? op[5] : undefined)
  } else {
    rule = table.rules.delete
    // An upsert brings a row back by itself; the rule of inserts has allowed it.
    const isRestored = op[0] === opCodes.restore && table.isKeyed && typeof op[2] !== 'number'
    if (isRestored && findUpsert(input, table, op[2])) return applied
  }
  return judgeByRow(
    input,
    table,
    rule,
    op[2],
    written,
    op[0] === opCodes.delete ? 'delete' : op[0] === opCodes.restore ? 'restore' : 'change',
  )
}

const judgeByRow = (
  input: JudgeInput,
  table: CompiledTable,
  rule: CompiledRule,
  row: Uint8Array | number,
  value: RuleFacts['value'],
  verb: string,
): Verdict => {
  const byActor = rule.judgeActor(input.author)
  if (byActor !== undefined) return byActor ? applied : refused(`${verb} rows of`, table)
  let facts: RuleFacts = { ...input.author, me: input.author.address, isAuthor: false, fixed: () => undefined, value }
  if (rule.needsAuthor || rule.fixedColumns.length > 0) {
    const id = typeof row === 'number' ? input.opId(row) : row
    const here = insertedHere(input, table, row, id)
    const isOwnRow = here !== undefined
    const origin = here ?? input.origin(table, id)
    if (!origin)
      return {
        state: 'waiting',
        need: id,
        table,
        reason: `A rule of ${table.name} asks who inserted a row that is not here yet.`,
      }
    const isAuthor = origin.author !== undefined && equalBytes(origin.author, input.author.address)
    facts = { ...facts, isAuthor, fixed: origin.fixed }
    return rule.judge(facts) ? applied : { ...refused(`${verb} this row of`, table), byRow: !isOwnRow }
  }
  return rule.judge(facts) ? applied : refused(`${verb} this row of`, table)
}

const checkUpdate = (
  input: JudgeInput,
  table: CompiledTable,
  cells: readonly CborValue[],
  start: number,
): Verdict | undefined => {
  for (let at = 0; at < cells.length; at += 2) {
    const column = table.columns[cells[at] as number]
    const value = cells[at + 1] as CborValue
    if (!column) return heldBack('unknown-column', `It writes a column that ${table.name} does not have.`)
    if (column.isFixed)
      return heldBack('fixed-column', `${table.name}.${column.name} is set by the insert and never updated.`)
    const fits =
      column.kind === 'ref' && typeof value === 'number'
        ? isInsertedBefore(input.body, value, start)
        : column.isUpdateWire(value)
    if (!fits) return badValue(table.name, column.name)
  }
  return undefined
}

/** The origin of a row that the change itself inserts: by op index, or by an id that one of its ops has. */
const insertedHere = (
  input: JudgeInput,
  table: CompiledTable,
  row: Uint8Array | number,
  id: Uint8Array,
): RowOrigin | undefined => {
  if (table.isKeyed) {
    const found = findUpsert(input, table, id)
    if (!found) return undefined
    return {
      author: table.personKey === undefined ? undefined : (cellOf(found, table.personKey) as Uint8Array),
      fixed: (column) => (table.key.includes(column) ? cellOf(found, column) : undefined),
    }
  }
  const index = typeof row === 'number' ? row : ((id[14] as number) << 8) | (id[15] as number)
  if (typeof row !== 'number' && !equalBytes(input.opId(index), id)) return undefined
  const found = findInsert(input.body, index)
  if (found?.table !== table.index) return undefined
  return { author: input.owner ?? input.author.address, fixed: (column) => cellOf(found, column) }
}

type HeldBack = Extract<Verdict, { state: 'held back' }>
const heldBack = (code: HeldCode, reason: string): HeldBack => ({ state: 'held back', code, reason })
const badValue = (table: string, column: string): HeldBack =>
  heldBack('bad-value', `A value does not fit ${table}.${column}.`)
const refused = (what: string, table: CompiledTable): HeldBack =>
  heldBack('rule', `The rules do not let its author ${what} ${table.name}.`)
