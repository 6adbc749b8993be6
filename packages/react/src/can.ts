import type { App, Member, Space } from '@kith/core'
import type { RuleInput, RuleLiteral, RuleOperand } from '@kith/core/schema'
import { useKith } from './provider.ts'
import { useAppOf } from './use-space.ts'
import { useMembers } from './use-people.ts'

/** What of a member matters. */
type Me = Pick<Member, 'address' | 'role' | 'rank'>

export type Verb = 'insert' | 'update' | 'delete'

/** What a rule may be asked with; the more is known, the fewer answers are guesses. */
export type Facts = {
  readonly row?: Readonly<Record<string, unknown>>
  /** What is to be written. */
  readonly values?: Readonly<Record<string, unknown>>
  /** Whether this person inserted the row. */
  readonly isAuthor?: boolean
}

export type Can<Table extends string = string> = {
  (verb: Verb, table: Table, facts?: Facts): boolean
  /** Make links, and change or remove a member of a lower rank. */
  (verb: 'invite'): boolean
  (verb: 'manage', member: Me): boolean
}

/**
 * Which buttons to show a person: false where the space's rules refuse it for certain. What only the engine knows counts as allowed; every
 * write is judged anyway.
 */
export const can = (
  app: App,
  me: Me | undefined,
  verb: Verb | 'invite' | 'manage',
  table?: string | Me,
  facts: Facts = {},
): boolean => {
  if (!me) return false
  if (verb === 'invite') return ranks[me.rank] >= ranks.admin
  if (verb === 'manage') {
    const member = table as Me
    return me.rank === 'owner'
      ? member.address !== me.address
      : ranks[me.rank] >= ranks.admin && ranks[member.rank] < ranks[me.rank]
  }
  const declared = typeof table === 'string' && Object.hasOwn(app.tables, table) ? app.tables[table] : undefined
  return (
    declared !== undefined &&
    judge(
      declared.options[verb] ?? 'writer',
      me,
      verb === 'insert' ? { isAuthor: true, row: facts.values, ...facts } : facts,
    ) !== false
  )
}

/** `can` for oneself in a space, live. */
export const useCan = <A extends App>(space: Space<A>): Can<keyof A['tables'] & string> => {
  const { address } = useKith()
  const app = useAppOf(space)
  const me = useMembers(space).find((member) => member.address === address)
  return (verb: Verb | 'invite' | 'manage', table?: string | Me, facts?: Facts) => can(app, me, verb, table, facts)
}

const ranks: Readonly<Record<Member['rank'], number>> = { reader: 1, writer: 2, admin: 3, owner: 4 }

type Given = { readonly row?: Facts['row'] | undefined; readonly values?: Facts['values']; readonly isAuthor?: boolean }

/** Undefined: it hangs on what is not known here. */
const judge = (rule: RuleInput, me: Me, facts: Given): boolean | undefined => {
  if (typeof rule === 'string') {
    if (rule === 'nobody') return false
    if (rule === 'author') return facts.isAuthor
    return Object.hasOwn(ranks, rule) ? ranks[me.rank] >= ranks[rule as Member['rank']] : me.role === rule
  }
  if (isList(rule)) return judgeMany(rule, me, facts, true)
  switch (rule.rule) {
    case 'any':
    case 'all':
      return judgeMany(rule.of, me, facts, rule.rule === 'any')
    case 'not': {
      const verdict = judge(rule.of, me, facts)
      return verdict === undefined ? undefined : !verdict
    }
    case 'isMe':
      return isSame(valueOf(rule.operand, facts), { value: me.address })
    case 'equals':
      return isSame(
        valueOf(rule.left, facts),
        isOperand(rule.right) ? valueOf(rule.right, facts) : { value: rule.right },
      )
    case 'writes':
      return facts.values && Object.hasOwn(facts.values, rule.column)
  }
}

/** `decisive`: what one part has to say for the whole to be settled. */
const judgeMany = (rules: readonly RuleInput[], me: Me, facts: Given, decisive: boolean): boolean | undefined => {
  const verdicts = rules.map((rule) => judge(rule, me, facts))
  if (verdicts.includes(decisive)) return decisive
  return verdicts.includes(undefined) ? undefined : !decisive
}

type Known = { readonly value: unknown } | undefined

const valueOf = ({ operand, column }: RuleOperand, { row, values }: Given): Known => {
  const from = operand === 'column' ? row : values
  return from && Object.hasOwn(from, column) ? { value: from[column] } : undefined
}

const isSame = (left: Known, right: Known): boolean | undefined => {
  if (!left || !right) return undefined
  return toPlain(left.value) === toPlain(right.value)
}

const toPlain = (value: unknown): unknown => (value instanceof Date ? value.getTime() : value)
const isList = (rule: RuleInput): rule is readonly RuleInput[] => Array.isArray(rule)
const isOperand = (value: RuleOperand | RuleLiteral): value is RuleOperand =>
  typeof value === 'object' && value !== null && 'operand' in value
