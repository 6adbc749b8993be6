import type { AuthorJudgement } from '../membership/index.ts'
import { type CompiledRecord, withRulesOf } from './compiled.ts'
import { type JudgeInput, judgeOps, type Verdict } from './judge.ts'
import type { Records } from './records.ts'

export type PublishedRecord = Extract<AuthorJudgement, { status: 'allowed' }>['schema']

/**
 * The verdict by all records that count for a change: of records published side by side, the stricter one. A re-issue is judged by those that its own
 * author knew; the record that the change re-issued names only says what its numbers mean.
 */
export const judgeByAll = (
  schemas: readonly PublishedRecord[],
  records: Records,
  input: JudgeInput & { readonly record: CompiledRecord },
): Verdict => {
  // What is wrong with the change itself comes before what rows say, or it would hang on which rows are here.
  const isItsOwn = (verdict: Verdict): boolean => verdict.state === 'held back' && !verdict.byRow
  let verdict = input.owner ? undefined : judgeOps(input)
  for (const { record } of schemas) {
    if (verdict && isItsOwn(verdict)) return verdict
    const ruling = records.get(record, input.record.app)
    // What is no record allows nothing.
    if (!ruling) return { state: 'held back', code: 'rule', reason: 'A schema that it has to follow is not usable.' }
    if (verdict && ruling.record === input.record.record) continue
    const other = judgeOps({ ...input, record: withRulesOf(input.record, ruling) })
    if (!verdict || verdict.state === 'applied' || isItsOwn(other)) verdict = other
  }
  return verdict ?? judgeOps(input)
}
