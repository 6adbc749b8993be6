/**
 * Queries over one table whose rows stand for themselves: each result row comes from one row and hangs on nothing else. Such a
 * query can be asked for a few rows only, and be told where they belong. Others are asked as a whole.
 */
import {
  AliasNode,
  ColumnNode,
  IdentifierNode,
  type OperationNode,
  OrderByItemNode,
  OrderByNode,
  type RawNode,
  RawNode as Raw,
  ReferenceNode,
  SelectionNode,
  type SelectQueryNode,
  TableNode,
} from 'kysely'
import type { SqlRow, SqlValue } from '../ports/index.ts'
import type { QueryTable } from './query-source.ts'

export type RowSelect = {
  readonly table: QueryTable
  /** The query with columns more, by which its rows are told apart and ordered; rows that are alike go by their ids. */
  readonly node: SelectQueryNode
  /** Columns of the result that are not the app's. */
  readonly hidden: ReadonlySet<string>
  readonly toKey: (row: SqlRow) => RowKey
  readonly compare: (left: RowKey, right: RowKey) => number
}

/** `id`: its bytes as characters, which order as bytes do. */
export type RowKey = { readonly id: string; readonly order: readonly SqlValue[] }

/** Undefined where the query is not of this kind. */
export const toRowSelect = (node: OperationNode, tables: ReadonlyMap<string, QueryTable>): RowSelect | undefined => {
  if (!isPlain(node)) return undefined
  const [from] = node.from?.froms ?? []
  const source = from && (is<AliasNode>(from, 'AliasNode') ? from.node : from)
  if (!source || !is<TableNode>(source, 'TableNode')) return undefined
  const table = tables.get(source.table.identifier.name)
  const alias = from === source ? source.table.identifier.name : nameOf((from as AliasNode).alias)
  const outputs = table && alias !== undefined ? outputsOf(node, table) : undefined
  if (!table?.isRowLocal || alias === undefined || !outputs) return undefined

  const hidden = new Map<string, SelectionNode>()
  /** The result column that has a column of the table; a hidden one is added where none has. */
  const resultOf = (column: string, isQualified: boolean): string | undefined => {
    if (isQualified ? outputs.get(column) === column : outputs.has(column)) return column
    if (!table.kinds.has(column)) return undefined
    const name = `$${column}`
    const reference = ReferenceNode.create(ColumnNode.create(column), TableNode.create(alias))
    hidden.set(name, SelectionNode.create(AliasNode.create(reference, IdentifierNode.create(name))))
    return name
  }

  const id = resultOf('id', true)
  const items = (node.orderBy?.items ?? []).map((item) => {
    const column = columnOf(item.orderBy, alias)
    const result = column && resultOf(column.name, column.isQualified)
    const sign = signOf(item)
    return result === undefined || sign === undefined ? undefined : { result, sign }
  })
  if (id === undefined || items.includes(undefined)) return undefined
  const terms = items as { result: string; sign: number }[]
  const lastSign = terms.at(-1)?.sign ?? 1
  const tie = OrderByItemNode.create(
    ReferenceNode.create(ColumnNode.create('id'), TableNode.create(alias)),
    Raw.createWithSql(lastSign < 0 ? 'desc' : 'asc'),
  )
  return {
    table,
    node: {
      ...node,
      selections: [...(node.selections ?? []), ...hidden.values()],
      orderBy: node.orderBy ? OrderByNode.cloneWithItems(node.orderBy, [tie]) : OrderByNode.create([tie]),
    },
    hidden: new Set(hidden.keys()),
    toKey: (row) => ({
      id: String.fromCharCode(...(row[id] as Uint8Array)),
      order: terms.map(({ result }) => row[result] as SqlValue),
    }),
    compare: (left, right) => {
      for (const [at, { sign }] of terms.entries()) {
        const order = compareSql(left.order[at] as SqlValue, right.order[at] as SqlValue)
        if (order !== 0) return order * sign
      }
      return left.id === right.id ? 0 : left.id < right.id ? -lastSign : lastSign
    },
  }
}

/** One table, and nothing by which one row could hang on another. */
const isPlain = (node: OperationNode): node is SelectQueryNode => {
  if (!is<SelectQueryNode>(node, 'SelectQueryNode')) return false
  const others = [node.with, node.groupBy, node.having, node.limit, node.offset, node.explain]
  const lists = [node.joins, node.frontModifiers, node.endModifiers, node.distinctOn, node.setOperations]
  if (others.some(Boolean) || lists.some((list) => list?.length) || node.from?.froms.length !== 1) return false
  return [...(node.selections ?? []), node.where, node.orderBy].every((part) => !part || isOfOneRow(part))
}

/** Functions of one row that give the same whenever they are asked. `max` and others are aggregates when they take one value. */
const functions = new Set(
  [
    'coalesce',
    'ifnull',
    'nullif',
    'iif',
    'likely',
    'unlikely',
    'lower',
    'upper',
    'length',
    'substr',
    'trim',
    'ltrim',
  ].concat(['rtrim', 'instr', 'replace', 'abs', 'round', 'json_extract', 'json_array_length']),
)

const isOfOneRow = (node: OperationNode): boolean => {
  if (node.kind === 'SelectQueryNode' || node.kind === 'AggregateFunctionNode') return false
  if (node.kind === 'FunctionNode' && !functions.has((node as OperationNode & { func: string }).func.toLowerCase()))
    return false
  return Object.values(node).every((part: unknown) =>
    (Array.isArray(part) ? (part as unknown[]) : [part]).every((one) => !isNode(one) || isOfOneRow(one)),
  )
}

/** Result columns by name, with the table's column that each shows; undefined for an expression. */
const outputsOf = (node: SelectQueryNode, table: QueryTable): Map<string, string | undefined> | undefined => {
  const outputs = new Map<string, string | undefined>()
  let isClear = true
  const add = (name: string | undefined, column: string | undefined): void => {
    if (name === undefined || name.startsWith('$') || outputs.has(name)) isClear = false
    else outputs.set(name, column)
  }
  for (const { selection } of node.selections ?? []) {
    const column = columnOf(selection, undefined)
    if (isStar(selection)) for (const name of table.kinds.keys()) add(name, name)
    else if (is<AliasNode>(selection, 'AliasNode'))
      add(nameOf(selection.alias), columnOf(selection.node, undefined)?.name)
    else add(column?.name, column?.name)
  }
  return isClear && outputs.size > 0 ? outputs : undefined
}

const isStar = (node: OperationNode): boolean =>
  node.kind === 'SelectAllNode' || (is<ReferenceNode>(node, 'ReferenceNode') && node.column.kind === 'SelectAllNode')

const columnOf = (
  node: OperationNode,
  alias: string | undefined,
): { readonly name: string; readonly isQualified: boolean } | undefined => {
  if (is<ColumnNode>(node, 'ColumnNode')) return { name: node.column.name, isQualified: false }
  if (!is<ReferenceNode>(node, 'ReferenceNode') || !is<ColumnNode>(node.column, 'ColumnNode')) return undefined
  if (node.table && alias !== undefined && node.table.table.identifier.name !== alias) return undefined
  return { name: node.column.column.name, isQualified: node.table !== undefined }
}

const signOf = ({ direction, nulls, collation }: OrderByItemNode): number | undefined => {
  if (nulls !== undefined || collation !== undefined) return undefined
  const word = direction ? (direction as RawNode).sqlFragments.join('') : 'asc'
  return word === 'asc' ? 1 : word === 'desc' ? -1 : undefined
}

/** As SQLite orders: nulls, numbers, texts by their UTF-8, bytes (https://sqlite.org/datatype3.html §4). */
const compareSql = (left: SqlValue, right: SqlValue): number => {
  const [leftClass, rightClass] = [classOf(left), classOf(right)]
  if (leftClass !== rightClass) return leftClass - rightClass
  if (left instanceof Uint8Array) return compareBytes(left, right as Uint8Array)
  if (left === right || left === null || right === null) return 0
  if (typeof left === 'string') return compareTexts(left, right as string)
  return left < (right as number) ? -1 : left > (right as number) ? 1 : 0
}

const classOf = (value: SqlValue): number =>
  value === null ? 0 : typeof value === 'string' ? 2 : value instanceof Uint8Array ? 3 : 1

/** UTF-16 puts what lies beyond the first plane before U+E000; UTF-8 does not. */
const compareTexts = (left: string, right: string): number => {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at += 1) {
    const [one, other] = [left.charCodeAt(at), right.charCodeAt(at)]
    if (one !== other) return rotate(one) - rotate(other)
  }
  return left.length - right.length
}

const rotate = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

const compareBytes = (left: Uint8Array, right: Uint8Array): number => {
  const length = Math.min(left.length, right.length)
  for (let at = 0; at < length; at += 1) {
    const order = (left[at] as number) - (right[at] as number)
    if (order !== 0) return order
  }
  return left.length - right.length
}

const is = <T extends OperationNode>(node: OperationNode, kind: T['kind']): node is T => node.kind === kind
const isNode = (value: unknown): value is OperationNode =>
  typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string'
const nameOf = (node: OperationNode): string | undefined =>
  is<IdentifierNode>(node, 'IdentifierNode') ? node.name : undefined
