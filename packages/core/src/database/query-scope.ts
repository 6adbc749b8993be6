/**
 * Walks a Kysely query once: refuses what does not only read the app's tables, and finds what type each result column and each
 * parameter has, through aliases, joins, subqueries, unions and the query's own CTEs.
 */
import type {
  AggregateFunctionNode,
  AliasNode,
  BinaryOperationNode,
  CaseNode,
  ColumnNode,
  FunctionNode,
  IdentifierNode,
  OperationNode,
  OperatorNode,
  RawNode,
  ReferenceNode,
  SelectionNode,
  SelectQueryNode,
  TableNode,
  WithNode,
} from 'kysely'
import { KithError } from '../bytes/index.ts'
import { type QueryKind, type QueryTable, searchName } from './query-source.ts'

export type QueryAnalysis = {
  /** The app's tables that the query reads. */
  readonly tables: ReadonlySet<QueryTable>
  /** Result columns with a type, by name. */
  readonly output: Shape
  /** Types of parameters, by the node that holds them (a value, or a list of values). */
  readonly parameters: ReadonlyMap<OperationNode, QueryKind>
}

type Shape = ReadonlyMap<string, QueryKind>
type Scope = {
  readonly outer: Scope | undefined
  readonly sources: Map<string, Shape>
  readonly named: Map<string, Shape>
}

/** Throws KithError 'not-allowed' for anything but a SELECT without raw SQL, 'not-found' for a table that the app has not. */
export const analyseQuery = (root: OperationNode, appTables: ReadonlyMap<string, QueryTable>): QueryAnalysis => {
  const tables = new Set<QueryTable>()
  const parameters = new Map<OperationNode, QueryKind>()

  const visitSelect = (node: SelectQueryNode, outer: Scope | undefined, shaped?: (shape: Shape) => void): Shape => {
    if (node.explain) throw notAllowed('explain is not available here')
    const around: Scope = { outer, sources: new Map(), named: new Map() }
    if (node.with) visitWith(node.with, around)
    const scope: Scope = { outer: around, sources: new Map(), named: new Map() }
    for (const from of node.from?.froms ?? []) addSource(from, scope, around)
    for (const join of node.joins ?? []) addSource(join.table, scope, around)
    for (const join of node.joins ?? []) if (join.on) visit(join.on, scope)
    const output = new Map<string, QueryKind>()
    for (const { selection } of node.selections ?? []) addSelection(selection, scope, output)
    shaped?.(output)
    for (const part of [node.where, node.groupBy, node.having, node.orderBy, node.limit, node.offset]) {
      if (part) visit(part, scope)
    }
    for (const part of [...(node.frontModifiers ?? []), ...(node.distinctOn ?? [])]) visit(part, scope)
    for (const operation of node.setOperations ?? []) visitSubquery(operation.expression, around)
    if (node.endModifiers?.length || node.fetch || node.top) throw notAllowed('SQLite has no such modifier')
    return output
  }

  const visitSubquery = (node: OperationNode, scope: Scope | undefined, shaped?: (shape: Shape) => void): Shape => {
    if (is<SelectQueryNode>(node, 'SelectQueryNode')) return visitSelect(node, scope, shaped)
    if (is<OperationNode & { node: OperationNode }>(node, 'ParensNode')) return visitSubquery(node.node, scope, shaped)
    throw notAllowed(refusal(node))
  }

  const visitWith = (node: WithNode, scope: Scope): void => {
    for (const { name, expression } of node.expressions) {
      const alias = name.table.table.identifier.name
      if (hasName(appTables, alias)) throw notAllowed(`"${alias}" is a table of the app: give the CTE another name`)
      const columns = name.columns?.map((column) => column.column.name)
      const keep = (shape: Shape): void => {
        scope.named.set(alias, columns ? renamed(shape, columns) : shape)
      }
      // A recursive part reads the shape that the first part has given.
      keep(visitSubquery(expression, scope, node.recursive ? keep : undefined))
    }
  }

  const addSource = (node: OperationNode, scope: Scope, around: Scope): void => {
    const alias = is<AliasNode>(node, 'AliasNode') ? node : undefined
    const source = alias ? alias.node : node
    if (is<TableNode>(source, 'TableNode')) {
      const name = source.table.identifier.name
      if (source.table.schema) throw notFound(`${source.table.schema.name}.${name}`)
      scope.sources.set(alias ? aliasName(alias.alias) : name, tableShape(name, around))
      return
    }
    const name = alias ? aliasName(alias.alias) : ''
    if (is<FunctionNode>(source, 'FunctionNode')) {
      // The two that take a set or a json column apart. Others would show SQLite's own tables.
      if (!['json_each', 'json_tree'].includes(source.func)) throw notAllowed(`"${source.func}" is no table`)
      visit(source, scope)
      scope.sources.set(name, new Map())
      return
    }
    scope.sources.set(name, visitSubquery(source, around))
  }

  const tableShape = (name: string, scope: Scope): Shape => {
    for (let at: Scope | undefined = scope; at; at = at.outer) {
      const shape = at.named.get(name)
      if (shape) return shape
    }
    const table = appTables.get(name)
    if (!table) throw notFound(name)
    tables.add(table)
    return table.kinds
  }

  const addSelection = (node: OperationNode, scope: Scope, output: Map<string, QueryKind>): void => {
    if (node.kind === 'SelectAllNode') {
      for (const shape of scope.sources.values()) for (const [name, kind] of shape) output.set(name, kind)
    } else if (is<ReferenceNode>(node, 'ReferenceNode') && node.column.kind === 'SelectAllNode') {
      const shape = node.table && findSource(scope, node.table.table.identifier.name)
      for (const [name, kind] of shape ?? []) output.set(name, kind)
    } else if (is<AliasNode>(node, 'AliasNode')) {
      output.set(aliasName(node.alias), visit(node.node, scope))
    } else {
      const kind = visit(node, scope)
      const column = is<ReferenceNode>(node, 'ReferenceNode') ? node.column : node
      if (is<ColumnNode>(column, 'ColumnNode')) output.set(column.column.name, kind)
    }
  }

  /** Visits an expression; returns its type. */
  const visit = (node: OperationNode, scope: Scope): QueryKind => {
    if (is<ReferenceNode>(node, 'ReferenceNode')) {
      return node.column.kind === 'ColumnNode' ? columnKind(node.column.column.name, node.table, scope) : undefined
    }
    if (is<ColumnNode>(node, 'ColumnNode')) return columnKind(node.column.name, undefined, scope)
    if (is<SelectQueryNode>(node, 'SelectQueryNode')) return visitSelect(node, scope).values().next().value
    if (is<BinaryOperationNode>(node, 'BinaryOperationNode')) return visitBinary(node, scope)
    if (is<FunctionNode>(node, 'FunctionNode')) return visitFunction(node, scope)
    if (is<AggregateFunctionNode>(node, 'AggregateFunctionNode')) return visitAggregate(node, scope)
    if (is<CaseNode>(node, 'CaseNode')) return visitCase(node, scope)
    if (is<SelectionNode>(node, 'SelectionNode')) return visit(node.selection, scope)
    if (node.kind === 'JSONReferenceNode') {
      visitParts(node, scope)
      return JSON.stringify(node).includes('"operator":"->"') ? 'json' : undefined
    }
    if (node.kind === 'ParensNode' || node.kind === 'AliasNode') {
      return visit((node as OperationNode & { node: OperationNode }).node, scope)
    }
    if (is<RawNode>(node, 'RawNode') ? !isDirection(node) : !harmless.has(node.kind)) throw notAllowed(refusal(node))
    visitParts(node, scope)
    return undefined
  }

  const visitParts = (node: OperationNode, scope: Scope): void => {
    for (const part of Object.values(node)) {
      if (isNode(part)) visit(part, scope)
      else if (Array.isArray(part)) for (const element of part) if (isNode(element)) visit(element, scope)
    }
  }

  const columnKind = (name: string, table: TableNode | undefined, scope: Scope): QueryKind => {
    if (table) return findSource(scope, table.table.identifier.name)?.get(name)
    for (let at: Scope | undefined = scope; at; at = at.outer) {
      for (const shape of at.sources.values()) if (shape.has(name)) return shape.get(name)
    }
    return undefined
  }

  const visitBinary = (node: BinaryOperationNode, scope: Scope): QueryKind => {
    const operator = (node.operator as OperatorNode).operator
    if (!isOperator(node.operator)) throw notAllowed(refusal(node.operator))
    const left = kindsOf(node.leftOperand, scope)
    const right = kindsOf(node.rightOperand, scope)
    if (comparisons.has(operator)) {
      give(node.rightOperand, left)
      give(node.leftOperand, right)
    }
    return undefined
  }

  /** One type, or one for each place of a tuple. */
  const kindsOf = (node: OperationNode, scope: Scope): QueryKind | QueryKind[] => {
    if (!is<OperationNode & { values: OperationNode[] }>(node, 'TupleNode')) return visit(node, scope)
    return node.values.map((value) => visit(value, scope))
  }

  /** Tells the parameters in an expression what they are compared with. */
  const give = (node: OperationNode, kinds: QueryKind | readonly QueryKind[]): void => {
    if (kinds === undefined) return
    const parts = node as OperationNode & {
      node: OperationNode
      values: OperationNode[]
      left: OperationNode
      right: OperationNode
    }
    switch (node.kind) {
      case 'ValueNode':
      case 'PrimitiveValueListNode':
        if (typeof kinds === 'string') parameters.set(node, kinds)
        return
      case 'ParensNode':
        return give(parts.node, kinds)
      case 'AndNode':
        // `between x and y`
        give(parts.left, kinds)
        return give(parts.right, kinds)
      case 'ValueListNode':
        for (const value of parts.values) give(value, kinds)
        return
      case 'TupleNode':
        parts.values.forEach((value, at) => {
          give(value, typeof kinds === 'string' ? kinds : kinds[at])
        })
        return
      default:
    }
  }

  /** The first type among expressions that take each other's place; the parameters among them are of it. */
  const shared = (nodes: readonly OperationNode[], scope: Scope): QueryKind => {
    let kind: QueryKind
    for (const node of nodes) {
      const found = visit(node, scope)
      kind ??= found
    }
    for (const node of nodes) give(node, kind)
    return kind
  }

  const visitFunction = (node: FunctionNode, scope: Scope): QueryKind => {
    checkFunction(node.func)
    const name = node.func.toLowerCase()
    if (passing.has(name)) return shared(node.arguments, scope)
    if (name === 'iif' && node.arguments[0]) {
      visit(node.arguments[0], scope)
      return shared(node.arguments.slice(1), scope)
    }
    visitParts(node, scope)
    return undefined
  }

  const visitAggregate = (node: AggregateFunctionNode, scope: Scope): QueryKind => {
    checkFunction(node.func)
    visitParts(node, scope)
    const [first] = node.aggregated
    return first && passingAggregates.has(node.func.toLowerCase()) ? visit(first, scope) : undefined
  }

  const visitCase = (node: CaseNode, scope: Scope): QueryKind => {
    const subject = node.value && visit(node.value, scope)
    const results: OperationNode[] = []
    for (const when of node.when ?? []) {
      visit(when.condition, scope)
      give(when.condition, subject)
      if (when.result) results.push(when.result)
    }
    if (node.else) results.push(node.else)
    return shared(results, scope)
  }

  if (!is<SelectQueryNode>(root, 'SelectQueryNode')) throw notAllowed(refusal(root))
  return { output: visitSelect(root, undefined), tables, parameters }
}

const words = (list: string): ReadonlySet<string> => new Set(list.trim().split(/\s*,\s*/))

const comparisons = words(
  '=, ==, !=, <>, <, <=, >, >=, in, not in, is, is not, between, between symmetric, is distinct from, is not distinct from',
)

/** Functions whose value is one of their arguments. */
const passing = words('coalesce, ifnull, nullif, min, max, likely, unlikely')
const passingAggregates = words('min, max, first_value, last_value, nth_value, lag, lead')

/** Kinds of node that need no rule of their own. What is not here is refused: it writes, defines, or is raw SQL. */
const harmless = words(`
  AndNode, OrNode, OnNode, WhereNode, HavingNode, WhenNode, TupleNode, ListNode, ValueNode, ValueListNode,
  PrimitiveValueListNode, OperatorNode, UnaryOperationNode, GroupByNode, GroupByItemNode, OrderByNode, OrderByItemNode,
  LimitNode, OffsetNode, OverNode, PartitionByNode, PartitionByItemNode, CastNode, DataTypeNode, CollateNode,
  IdentifierNode, SelectAllNode, SelectModifierNode, JSONPathNode, JSONPathLegNode, JSONOperatorChainNode
`)

const is = <T extends OperationNode>(node: OperationNode, kind: T['kind']): node is T => node.kind === kind
const isNode = (value: unknown): value is OperationNode =>
  typeof value === 'object' && value !== null && typeof (value as { kind?: unknown }).kind === 'string'
const isOperator = (node: OperationNode): boolean => node.kind === 'OperatorNode'

/** Kysely writes the direction of `orderBy` as raw SQL. */
const isDirection = (node: RawNode): boolean =>
  node.parameters.length === 0 && ['asc', 'desc'].includes(node.sqlFragments.join(''))

const aliasName = (alias: OperationNode): string => {
  if (!is<IdentifierNode>(alias, 'IdentifierNode')) throw notAllowed('an alias must be a plain name')
  return alias.name
}

const findSource = (scope: Scope, name: string): Shape | undefined => {
  for (let at: Scope | undefined = scope; at; at = at.outer) {
    const shape = at.sources.get(name)
    if (shape) return shape
  }
  return undefined
}

const renamed = (shape: Shape, names: readonly string[]): Shape => {
  const kinds = [...shape.values()]
  return new Map(names.map((name, at) => [name, kinds[at]]))
}

const hasName = (tables: ReadonlyMap<string, QueryTable>, name: string): boolean =>
  [...tables.keys()].some((table) => table.toLowerCase() === name.toLowerCase())

/** Kysely puts the names of functions into SQL as they are. */
const checkFunction = (name: string): void => {
  if (!/^[a-z_][a-z0-9_]*$/i.test(name) || /^load_extension$/i.test(name)) throw notAllowed(`"${name}" is no function`)
}

const refusal = (node: OperationNode): string =>
  node.kind === 'RawNode'
    ? 'raw SQL could read other spaces: use the expression builder, such as eb.fn, eb.case or eb.cast'
    : `only SELECT is possible here (${node.kind})`

const notAllowed = (what: string): KithError => new KithError('not-allowed', `This query cannot run: ${what}.`)
const notFound = (table: string): KithError =>
  table.endsWith(searchName(''))
    ? new KithError(
        'not-found',
        `The app has no "${table}": declare what to search, \`table({ … }, { search: ['title'] })\`.`,
        { table },
      )
    : new KithError('not-found', `The app has no table "${table}".`, { table })
