/**
 * Judges rules from a record. A rule that is malformed in any part, or names what is not there, allows nothing as a
 * whole: inside a `not` a broken part would otherwise allow everything.
 */
import { type CborValue, equalBytes, isList } from '../bytes/index.ts'
import { ruleDepthMax, ruleNodesMax } from '../limits/index.ts'
import { operandCodes, type RuleCode, ruleCodes } from './rule-code.ts'

/** Who acts. `rank` is a number of `rankNumbers`; `role` the app's role in the grant, if it has one. */
export type Actor = { readonly rank: number; readonly role: string | undefined }

/** All that a rule may read. Cells are wire values; undefined: not known, or not written. */
export type RuleFacts = Actor & {
  /** The acting person's address, 48 bytes. */
  readonly me: Uint8Array
  /** Whether the acting person inserted the row; true for an insert. */
  readonly isAuthor: boolean
  /** The row's cell in a fixed column, by index in the record's table; in an insert the new value. */
  readonly fixed: (column: number) => CborValue | undefined
  /** What the change writes, by index. */
  readonly value: (column: number) => CborValue | undefined
}

export type CompiledRule = {
  /** The verdict where rank and role (and what else is given) settle it, undefined where more matters. Ask this once a change. */
  readonly judgeActor: (actor: Actor & Partial<RuleFacts>) => boolean | undefined
  readonly judge: (facts: RuleFacts) => boolean
  readonly needsAuthor: boolean
  /** Indexes of the fixed columns that it reads: a change waits for the row's insert where there are any. */
  readonly fixedColumns: readonly number[]
  readonly readsValues: boolean
}

/** The columns of the rule's table: index by id, and which of them a rule may read. */
export type RuleColumns = {
  readonly indexOf: (id: string) => number | undefined
  readonly isFixed: (index: number) => boolean
  readonly isPerson: (index: number) => boolean
}

/** True, false, or undefined where the facts given do not settle it (three-valued logic). */
type Judge = (facts: Partial<RuleFacts> & Actor) => boolean | undefined
type Operand = (facts: Partial<RuleFacts>) => CborValue | undefined

export const compileRule = (code: CborValue, columns: RuleColumns): CompiledRule => {
  const reads: Reads = { author: false, values: false, fixed: new Set(), nodes: 0 }
  const judge = compile(code, columns, reads, 0)
  if (!judge) return nothingAllowed
  return {
    judgeActor: judge,
    judge: (facts) => judge(facts) === true,
    needsAuthor: reads.author,
    fixedColumns: [...reads.fixed].sort((left, right) => left - right),
    readsValues: reads.values,
  }
}

/** Whether a rule is read as what it says, and not as one that allows nothing because it is malformed. */
export const isUsableRule = (code: CborValue, columns: RuleColumns): boolean =>
  compileRule(code, columns) !== nothingAllowed

const nothingAllowed: CompiledRule = {
  judgeActor: () => false,
  judge: () => false,
  needsAuthor: false,
  fixedColumns: [],
  readsValues: false,
}

type Reads = { author: boolean; values: boolean; fixed: Set<number>; nodes: number }

/** Undefined: malformed. */
const compile = (code: CborValue, columns: RuleColumns, reads: Reads, depth: number): Judge | undefined => {
  reads.nodes += 1
  if (!isList(code) || depth > ruleDepthMax || reads.nodes > ruleNodesMax) return undefined
  const [kind, argument] = code
  switch (kind) {
    case ruleCodes.nobody:
      return code.length === 1 ? () => false : undefined
    case ruleCodes.rank:
      if (code.length !== 2 || typeof argument !== 'number' || argument < 1 || argument > 4) return undefined
      return (facts) => facts.rank >= argument
    case ruleCodes.role:
      if (code.length !== 2 || typeof argument !== 'string') return undefined
      return (facts) => facts.role === argument
    case ruleCodes.author:
      if (code.length !== 1) return undefined
      reads.author = true
      return (facts) => facts.isAuthor
    case ruleCodes.any:
    case ruleCodes.all:
      return compileList(code, columns, reads, depth)
    case ruleCodes.not: {
      const inner = code.length === 2 ? compile(argument as CborValue, columns, reads, depth + 1) : undefined
      return inner && ((facts) => negate(inner(facts)))
    }
    case ruleCodes.isMe:
      return code.length === 2 ? compileIsMe(argument as CborValue, columns, reads) : undefined
    case ruleCodes.equals:
      return code.length === 3 ? compileEquals(code, columns, reads) : undefined
    case ruleCodes.writes: {
      const index = typeof argument === 'string' && code.length === 2 ? columns.indexOf(argument) : undefined
      if (index === undefined) return undefined
      reads.values = true
      return (facts) => facts.value && facts.value(index) !== undefined
    }
    default:
      return undefined
  }
}

const compileList = (code: RuleCode, columns: RuleColumns, reads: Reads, depth: number): Judge | undefined => {
  if (code.length < 2) return undefined
  const judges: Judge[] = []
  for (const part of code.slice(1)) {
    const judge = compile(part, columns, reads, depth + 1)
    if (!judge) return undefined
    judges.push(judge)
  }
  /** What one part has to say for the whole to be settled. */
  const decisive = code[0] === ruleCodes.any
  return (facts) => {
    let verdict: boolean | undefined = !decisive
    for (const judge of judges) {
      const part = judge(facts)
      if (part === decisive) return decisive
      if (part === undefined) verdict = undefined
    }
    return verdict
  }
}

const compileIsMe = (code: CborValue, columns: RuleColumns, reads: Reads): Judge | undefined => {
  const operand = compileOperand(code, columns, reads, true)
  return operand && ((facts) => (facts.me && isGiven(facts, code) ? isSame(operand(facts), facts.me) : undefined))
}

const compileEquals = (code: RuleCode, columns: RuleColumns, reads: Reads): Judge | undefined => {
  const left = compileOperand(code[1] as CborValue, columns, reads, false)
  const right = compileOperand(code[2] as CborValue, columns, reads, false)
  const [, first, second] = code as [CborValue, CborValue, CborValue]
  const isSettled = (facts: Partial<RuleFacts>): boolean => isGiven(facts, first) && isGiven(facts, second)
  return left && right && ((facts) => (isSettled(facts) ? isSame(left(facts), right(facts)) : undefined))
}

/** Whether what an operand reads is among the facts. */
const isGiven = (facts: Partial<RuleFacts>, operand: CborValue): boolean => {
  const kind = isList(operand) ? operand[0] : undefined
  if (kind === operandCodes.value) return facts.value !== undefined
  return kind === operandCodes.literal || facts.fixed !== undefined
}

const compileOperand = (
  code: CborValue,
  columns: RuleColumns,
  reads: Reads,
  mustBePerson: boolean,
): Operand | undefined => {
  if (!isList(code) || code.length !== 2) return undefined
  const [kind, argument] = code
  if (kind === operandCodes.literal) return mustBePerson ? undefined : () => argument
  const index = typeof argument === 'string' ? columns.indexOf(argument) : undefined
  if (index === undefined || (mustBePerson && !columns.isPerson(index))) return undefined
  if (kind === operandCodes.value) {
    reads.values = true
    return (facts) => facts.value?.(index)
  }
  if (kind !== operandCodes.column || !columns.isFixed(index)) return undefined
  reads.fixed.add(index)
  return (facts) => facts.fixed?.(index)
}

/** Cells are equal as wire values. What is not known or not written equals nothing, itself included. */
const isSame = (left: CborValue | undefined, right: CborValue | undefined): boolean => {
  if (left === undefined || right === undefined) return false
  if (left instanceof Uint8Array) return right instanceof Uint8Array && equalBytes(left, right)
  return !isList(left) && left === right
}

const negate = (verdict: boolean | undefined): boolean | undefined => (verdict === undefined ? undefined : !verdict)
