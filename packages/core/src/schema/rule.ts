import { type RoleRank, rankNumbers } from './rank.ts'

/**
 * Rules as an app writes them. They are expressions, never functions, because every peer has to come to the same verdict
 * from the published record alone (membership rule 7).
 *
 * - `'reader' | 'writer' | 'admin' | 'owner'`: that rank or a higher one
 * - any other name: exactly that role of the app
 * - `'author'`: who inserted the row
 * - `'nobody'`
 * - an array: any of these
 */
export type RuleInput = string | readonly RuleInput[] | RuleExpression

export type RuleExpression =
  | { readonly rule: 'any' | 'all'; readonly of: readonly RuleInput[] }
  | { readonly rule: 'not'; readonly of: RuleInput }
  | { readonly rule: 'isMe'; readonly operand: RuleOperand }
  | { readonly rule: 'equals'; readonly left: RuleOperand; readonly right: RuleOperand | RuleLiteral }
  | { readonly rule: 'writes'; readonly column: string }

export type RuleOperand = { readonly operand: 'column' | 'value'; readonly column: string }

/** A value as the app sees it: a `Date` for a time column, an address for a person. */
export type RuleLiteral = string | number | boolean | Date | null

export const any = (...of: RuleInput[]): RuleExpression => ({ rule: 'any', of })
export const all = (...of: RuleInput[]): RuleExpression => ({ rule: 'all', of })
export const not = (of: RuleInput): RuleExpression => ({ rule: 'not', of })

/** The row's cell in a column that is declared `fixed` (or is part of the key). In an insert: the new value. */
export const column = (name: string): RuleOperand => ({ operand: 'column', column: name })

/** The value that the change itself writes; nothing equals it when the change does not write the column. */
export const value = (name: string): RuleOperand => ({ operand: 'value', column: name })

/** Whether a `person` column names who acts. */
export const isMe = (operand: RuleOperand): RuleExpression => ({ rule: 'isMe', operand })

export const equals = (left: RuleOperand, right: RuleOperand | RuleLiteral): RuleExpression => ({
  rule: 'equals',
  left,
  right,
})

/** Whether the change writes the column at all. */
export const writes = (name: string): RuleExpression => ({ rule: 'writes', column: name })

/** The rank names that a rule may use; `recovery` acts on membership only. */
export const ruleRanks: Readonly<Record<string, number>> = {
  reader: rankNumbers.reader,
  writer: rankNumbers.writer,
  admin: rankNumbers.admin,
  owner: rankNumbers.owner,
}

/** Names that no app role can have, because a rule gives them a meaning of their own. */
export const reservedRoleNames: readonly string[] = [...Object.keys(ruleRanks), 'recovery', 'author', 'nobody']

export type Roles = { readonly [role: string]: RoleRank }
