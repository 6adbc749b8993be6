/** The condition by which a query searches: a part of Kysely's tree, as its own expressions are. */
import {
  BinaryOperationNode,
  ColumnNode,
  ExpressionWrapper,
  OperatorNode,
  ReferenceNode,
  SelectionNode,
  SelectQueryNode,
  type SqlBool,
  TableNode,
  ValueNode,
  WhereNode,
} from 'kysely'
import { searchName } from './query-source.ts'

/**
 * True for rows of a table in whose `search` columns each of the words begins a word, whatever case and accents: what people type into a search box
 * is taken as it is. Without a word in it, true for all.
 *
 * `space.query((q) => q.selectFrom('notes').selectAll().where(matches('notes', 'garl octo')))`
 *
 * @param table The table's name, or its alias in the query after the name: `'notes as n'`.
 */
export const matches = (table: string, words: string): ExpressionWrapper<never, never, SqlBool> => {
  const [name = '', alias = name] = table.split(/ as /i).map((part) => part.trim())
  const id = ReferenceNode.create(ColumnNode.create('id'), TableNode.create(alias))
  const terms = (words.replaceAll('\0', ' ').match(/\S+/gu) ?? []).filter((word) => /[\p{L}\p{N}]/u.test(word))
  if (terms.length === 0) return new ExpressionWrapper(binary(id, 'is not', ValueNode.createImmediate(null)))
  // Quoted, nothing in a word is an operator of FTS5.
  const pattern = terms.map((term) => `"${term.replaceAll('"', '""')}"*`).join(' ')
  const found: SelectQueryNode = {
    ...SelectQueryNode.createFrom([TableNode.create(searchName(name))]),
    selections: [SelectionNode.create(ColumnNode.create('id'))],
    where: WhereNode.create(binary(ColumnNode.create('words'), 'match', ValueNode.create(pattern))),
  }
  return new ExpressionWrapper(binary(id, 'in', found))
}

const binary = (
  left: Parameters<typeof BinaryOperationNode.create>[0],
  operator: 'in' | 'match' | 'is not',
  right: Parameters<typeof BinaryOperationNode.create>[2],
) => BinaryOperationNode.create(left, OperatorNode.create(operator), right)
