import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { CborValue } from '../bytes/index.ts'
import {
  all,
  any,
  app,
  column,
  compileRule,
  equals,
  findColumn,
  isFixed,
  isMe,
  not,
  person,
  type RuleFacts,
  type RuleInput,
  rankNumbers,
  table,
  text,
  value,
  writes,
} from './index.ts'

const declare = (insert: RuleInput) =>
  app('org.example.a', {
    version: 1,
    roles: { editor: 'writer' },
    tables: { t: table({ kind: text().fixed(), status: text(), who: person().fixed(), helper: person() }, { insert }) },
  }).record.tables[0] as NonNullable<ReturnType<typeof app>['record']['tables'][0]>

const sample = declare('writer')
const ruleColumns = {
  indexOf: (id: string) => (findColumn(sample, id) < 0 ? undefined : findColumn(sample, id)),
  isFixed: (index: number) => isFixed(sample.columns[index] as never),
  isPerson: (index: number) => sample.columns[index]?.type === 'person',
}
const compile = (rule: RuleInput) => compileRule(declare(rule).rules.insert, ruleColumns)
const at = (id: string) => findColumn(sample, id)
const me = new Uint8Array(48).fill(7)
const other = new Uint8Array(48).fill(8)
const facts = (
  given: Partial<RuleFacts> = {},
  fixed: Record<string, CborValue> = {},
  values: Record<string, CborValue> = {},
): RuleFacts => ({
  rank: rankNumbers.writer,
  role: undefined,
  me,
  isAuthor: false,
  fixed: (index) => fixed[sample.columns[index]?.id ?? ''],
  value: (index) => values[sample.columns[index]?.id ?? ''],
  ...given,
})

test('a rank allows itself and those above', () => {
  const rule = compile('admin')
  assert.deepEqual(
    [1, 2, 3, 4, 5].map((rank) => rule.judgeActor({ rank, role: undefined })),
    [false, false, true, true, true],
  )
  assert.deepEqual([rule.needsAuthor, rule.fixedColumns, rule.readsValues], [false, [], false])
})

test('a role is exactly that role', () => {
  const rule = compile('editor')
  assert.equal(rule.judge(facts({ role: 'editor' })), true)
  assert.equal(rule.judge(facts({ rank: rankNumbers.owner })), false)
})

test('the actor alone settles a rule where the row does not matter, and leaves it open where it does', () => {
  const rule = compile(['author', 'admin'])
  assert.equal(rule.judgeActor({ rank: rankNumbers.admin, role: undefined }), true)
  assert.equal(rule.judgeActor({ rank: rankNumbers.writer, role: undefined }), undefined)
  assert.equal(compile(all('admin', 'author')).judgeActor({ rank: rankNumbers.writer, role: undefined }), false)
  assert.equal(rule.judge(facts({ isAuthor: true })), true)
  assert.equal(rule.judge(facts()), false)
  assert.equal(rule.needsAuthor, true)
})

test('isMe compares the acting person with a fixed cell or a new value', () => {
  const fixed = compile(isMe(column('who')))
  assert.deepEqual(fixed.fixedColumns, [at('who')])
  assert.equal(fixed.judge(facts({}, { who: me })), true)
  assert.equal(fixed.judge(facts({}, { who: other })), false)
  assert.equal(fixed.judge(facts()), false)
  assert.equal(compile(isMe(value('helper'))).judge(facts({}, {}, { helper: me })), true)
})

test('equals compares cells; what is not written equals nothing', () => {
  const rule = compile(equals(value('status'), 'open'))
  assert.equal(rule.judge(facts({}, {}, { status: 'open' })), true)
  assert.equal(rule.judge(facts({}, {}, { status: 'shut' })), false)
  assert.equal(rule.judge(facts()), false)
  assert.equal(rule.judgeActor({ rank: 5, role: undefined }), undefined)
  const both = compile(equals(value('status'), column('kind')))
  assert.equal(both.judge(facts({}, { kind: 'a' }, { status: 'a' })), true)
  assert.equal(both.judge(facts()), false)
})

test('writes tells whether the change touches a column', () => {
  const rule = compile(any('admin', not(writes('status'))))
  assert.equal(rule.judge(facts({}, {}, { helper: me })), true)
  assert.equal(rule.judge(facts({}, {}, { status: 'open' })), false)
  assert.equal(rule.judge(facts({ rank: rankNumbers.admin }, {}, { status: 'open' })), true)
})

test('nobody is nobody, and not everybody is nobody', () => {
  assert.equal(compile('nobody').judge(facts({ rank: 5, isAuthor: true })), false)
  assert.equal(compile(not('reader')).judge(facts()), false)
})

test('a rule that is malformed in any part allows nothing, inside a not as well', () => {
  const broken: CborValue[] = [
    null,
    'writer',
    [],
    [99],
    [1],
    [1, 9],
    [1, 0],
    [2, 3],
    [3, 1],
    [4],
    [6],
    [8, [1, 'status']],
    [9, 'nowhere'],
    [7, [1, 'status']],
    [7, [2, me]],
    [7, [0, 'helper']],
    [8, [0, 'status'], [2, 'x']],
    [4, [1, 1], [99]],
    [1, 1, 1],
  ]
  for (const code of broken) {
    for (const rule of [code, [6, code], [4, [1, 1], code]]) {
      const compiled = compileRule(rule, ruleColumns)
      assert.equal(compiled.judge(facts({ rank: 5, isAuthor: true })), false, JSON.stringify(rule))
      assert.equal(compiled.judgeActor({ rank: 5, role: undefined }), false)
    }
  }
})

test('nesting and size are bounded', () => {
  let deep: CborValue = [1, 1]
  for (let depth = 0; depth < 9; depth += 1) deep = [6, [6, deep]]
  assert.equal(compileRule(deep, ruleColumns).judge(facts()), false)
  assert.equal(
    compileRule([4, ...Array.from({ length: 300 }, (): CborValue => [1, 1])], ruleColumns).judge(facts()),
    false,
  )
})

test('what the actor alone settles, the whole facts never contradict', () => {
  const leaf = fc.constantFrom<CborValue>(
    [0],
    [1, 2],
    [1, 3],
    [2, 'editor'],
    [3],
    [7, [0, 'who']],
    [9, 'status'],
    [8, [1, 'status'], [2, 'a']],
  )
  const { rule } = fc.letrec<{ rule: CborValue }>((tie) => ({
    rule: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.tuple(fc.constantFrom<CborValue>(4, 5), tie('rule'), tie('rule')),
      fc.tuple(fc.constant<CborValue>(6), tie('rule')),
    ) as fc.Arbitrary<CborValue>,
  }))
  fc.assert(
    fc.property(
      rule,
      fc.integer({ min: 1, max: 5 }),
      fc.boolean(),
      fc.boolean(),
      fc.boolean(),
      (code, rank, isEditor, isAuthor, isMine) => {
        const compiled = compileRule(code, ruleColumns)
        const actor = { rank, role: isEditor ? 'editor' : undefined }
        const settled = compiled.judgeActor(actor)
        const verdict = compiled.judge(
          facts({ ...actor, isAuthor }, { who: isMine ? me : other }, isMine ? { status: 'a' } : {}),
        )
        if (settled !== undefined) assert.equal(settled, verdict)
      },
    ),
    { numRuns: 2000 },
  )
})
