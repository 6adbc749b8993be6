/**
 * Rules as they stand in the record: CBOR arrays that begin with a code. Columns are named by id, so that a rule means
 * the same when columns are added.
 *
 * [0] nobody · [1, rank] · [2, role] · [3] author · [4, …rules] any · [5, …rules] all · [6, rule] not ·
 * [7, operand] is me · [8, operand, operand] equal · [9, column] writes
 * operand: [0, column] the row's fixed cell · [1, column] the change's new value · [2, wire value]
 */
import type { CborValue } from '../bytes/index.ts'
import { KithError } from '../bytes/index.ts'
import { type RuleExpression, type RuleInput, type RuleLiteral, type RuleOperand, ruleRanks } from './rule.ts'

export const ruleCodes = {
  nobody: 0,
  rank: 1,
  role: 2,
  author: 3,
  any: 4,
  all: 5,
  not: 6,
  isMe: 7,
  equals: 8,
  writes: 9,
} as const
export const operandCodes = { column: 0, value: 1, literal: 2 } as const

export type RuleCode = readonly CborValue[]
const nobodyRule: RuleCode = [ruleCodes.nobody]
export const writerRule: RuleCode = [ruleCodes.rank, ruleRanks['writer'] as number]

/** What a rule may name: resolved by `app()` from the table that the rule belongs to. */
export type RuleNames = {
  /** For messages: table and verb. */
  readonly where: string
  readonly hasRole: (name: string) => boolean
  /** The column's id; throws when there is none, or when `fixed` is asked for and it is not. */
  readonly columnId: (name: string, mustBeFixed: boolean) => string
  readonly isPerson: (name: string) => boolean
  readonly literal: (columnName: string, value: RuleLiteral) => CborValue
}

/** Canonical form of a rule that an app wrote. Throws KithError 'bad-schema' naming what is wrong with it. */
export const ruleToCode = (rule: RuleInput, names: RuleNames): RuleCode => {
  if (typeof rule === 'string') return nameToCode(rule, names)
  if (isList(rule)) return listToCode(ruleCodes.any, rule, names)
  switch (rule.rule) {
    case 'any':
    case 'all':
      return listToCode(ruleCodes[rule.rule], rule.of, names)
    case 'not':
      return [ruleCodes.not, ruleToCode(rule.of, names)]
    case 'isMe':
      if (!names.isPerson(rule.operand.column))
        throw bad(names, `isMe needs a person column, not "${rule.operand.column}"`)
      return [ruleCodes.isMe, operandToCode(rule.operand, names)]
    case 'equals':
      return equalsToCode(rule, names)
    case 'writes':
      return [ruleCodes.writes, names.columnId(rule.column, false)]
    default:
      throw bad(names, 'a rule is not one of the expressions that @kith/core exports')
  }
}

const nameToCode = (name: string, names: RuleNames): RuleCode => {
  if (name === 'nobody') return nobodyRule
  if (name === 'author') return [ruleCodes.author]
  if (Object.hasOwn(ruleRanks, name)) return [ruleCodes.rank, ruleRanks[name] as number]
  if (!names.hasRole(name)) throw bad(names, `"${name}" is neither a rank nor one of the app's roles`)
  return [ruleCodes.role, name]
}

const listToCode = (code: number, rules: readonly RuleInput[], names: RuleNames): RuleCode => {
  if (rules.length === 1) return ruleToCode(rules[0] as RuleInput, names)
  if (rules.length === 0) throw bad(names, 'a list of rules is empty')
  return [code, ...rules.map((rule) => ruleToCode(rule, names))]
}

const equalsToCode = (rule: RuleExpression & { rule: 'equals' }, names: RuleNames): RuleCode => {
  const left = operandToCode(rule.left, names)
  const right = isOperand(rule.right)
    ? operandToCode(rule.right, names)
    : [operandCodes.literal, names.literal(rule.left.column, rule.right)]
  return [ruleCodes.equals, left, right]
}

const operandToCode = (operand: RuleOperand, names: RuleNames): RuleCode =>
  operand.operand === 'column'
    ? [operandCodes.column, names.columnId(operand.column, true)]
    : [operandCodes.value, names.columnId(operand.column, false)]

const isOperand = (value: RuleOperand | RuleLiteral): value is RuleOperand =>
  typeof value === 'object' && value !== null && !(value instanceof Date)

const isList = (rule: RuleInput): rule is readonly RuleInput[] => Array.isArray(rule)

const bad = (names: RuleNames, what: string): KithError =>
  new KithError('bad-schema', `The rule ${names.where} is not usable: ${what}.`, { where: names.where })
