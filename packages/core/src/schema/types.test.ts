/** Checked by the type checker; running it only shows that the declarations themselves are accepted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  add,
  type AppLike,
  app,
  bool,
  counter,
  type DatabaseOf,
  increment,
  type InsertOf,
  int,
  json,
  type KeyOf,
  order,
  person,
  ref,
  remove,
  richText,
  type RowOf,
  type SpanningDatabaseOf,
  set,
  type TablesOf,
  table,
  text,
  time,
  type UpdateOf,
} from './index.ts'

const tasks = table({
  title: text(),
  done: bool().default(false),
  size: int().optional(),
  due: time().optional(),
  extra: json<{ colour: string }>().optional(),
  list: ref('lists'),
  owner: person().fixed(),
  votes: counter(),
  tags: set(),
  sizes: set<number>(),
  place: order().optional(),
  notes: richText(),
})
const stars = table({ post: ref('tasks'), person: person(), stars: int() }, { key: ['post', 'person'] })
const todo = app('org.example.todo', { version: 1, tables: { tasks, stars, lists: table({ name: text() }) } })

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const isTrue = <T extends true>(value: T = true as T): void => assert.ok(value)

test('rows, inserts, updates and keys have the types of their columns', () => {
  isTrue<
    Equal<
      RowOf<typeof tasks>,
      {
        id: string
        title: string
        done: boolean
        size: number | null
        due: Date | null
        extra: { colour: string } | null
        list: string
        owner: string
        votes: number
        tags: readonly string[]
        sizes: readonly number[]
        place: string | null
        notes: string
      }
    >
  >()
  isTrue<Equal<KeyOf<typeof stars>, { post: string; person: string }>>()
  isTrue<Equal<KeyOf<typeof tasks>, never>>()
  isTrue<Equal<DatabaseOf<typeof todo>['lists'], { id: string; name: string }>>()
  isTrue<Equal<SpanningDatabaseOf<typeof todo>['lists'], { id: string; name: string; space: string }>>()
  isTrue<Equal<keyof TablesOf<typeof todo>, 'tasks' | 'stars' | 'lists'>>()
  const any: AppLike = todo
  assert.equal(any.id, 'org.example.todo')
})

test('an insert leaves out what has a default, is optional, or starts by itself', () => {
  const least: InsertOf<typeof tasks> = { title: 'a', list: 'x', owner: 'y' }
  const most: InsertOf<typeof tasks> = {
    ...least,
    done: true,
    size: null,
    due: new Date(),
    extra: { colour: 'red' },
    votes: increment(2),
    tags: ['a'],
    sizes: add(1, 2),
  }
  // @ts-expect-error a required column is missing
  const missing: InsertOf<typeof tasks> = { title: 'a', list: 'x' }
  // @ts-expect-error a counter is no plain number
  const plain: InsertOf<typeof tasks> = { ...least, votes: 3 }
  // @ts-expect-error rich text is edited in a session
  const rich: InsertOf<typeof tasks> = { ...least, notes: 'text' }
  // @ts-expect-error null only where optional
  const nothing: InsertOf<typeof tasks> = { ...least, title: null }
  // @ts-expect-error elements have the set's type
  const elements: InsertOf<typeof tasks> = { ...least, sizes: ['a'] }
  assert.ok([least, most, missing, plain, rich, nothing, elements].length)
})

test('an update takes operations for merged columns, and neither fixed nor key columns', () => {
  const good: UpdateOf<typeof tasks> = { votes: increment(), tags: [add('a'), remove('b')], size: null, title: 'x' }
  // @ts-expect-error a plain number would undo what others count
  const plain: UpdateOf<typeof tasks> = { votes: 3 }
  // @ts-expect-error a set is changed by add and remove
  const whole: UpdateOf<typeof tasks> = { tags: ['a'] }
  // @ts-expect-error the column is fixed
  const fixed: UpdateOf<typeof tasks> = { owner: 'x' }
  // @ts-expect-error the column is part of the key
  const key: UpdateOf<typeof stars> = { post: 'x' }
  // @ts-expect-error there is no such column
  const unknown: UpdateOf<typeof tasks> = { colour: 'x' }
  assert.ok([good, plain, whole, fixed, key, unknown].length)
})

test('a table is declared with columns that it has', () => {
  // @ts-expect-error no such column
  assert.throws(() => app('org.example.a', { version: 1, tables: { t: table({ a: text() }, { key: ['b'] }) } }))
  // @ts-expect-error no such column
  assert.throws(() => app('org.example.a', { version: 1, tables: { t: table({ a: text() }, { index: [['b']] }) } }))
  // @ts-expect-error a default of another type
  assert.throws(() => app('org.example.a', { version: 1, tables: { t: table({ a: text().default(1) }) } }))
})

const people = table({ name: text(), first: text(), last: text(), age: int().optional() }).lens({
  from: ['name'],
  to: ['first', 'last'],
  forward: ({ name }) => ({ first: name, last: '' }),
  back: ({ first, last }) => ({ name: `${first} ${last}` }),
})

test('what a lens replaces is read and not written', () => {
  isTrue<Equal<RowOf<typeof people>, { id: string; name: string; first: string; last: string; age: number | null }>>()
  isTrue<
    Equal<
      InsertOf<typeof people>,
      { first: string; last: string } & { age?: number | null | undefined } extends infer I
        ? { [K in keyof I]: I[K] }
        : never
    >
  >()
  // @ts-expect-error the lens writes it
  const update: UpdateOf<typeof people> = { name: 'x' }
  assert.ok(update)
  const declared = table({ name: text(), size: int() })
  const back = () => ({ name: '' })
  // @ts-expect-error no such column
  assert.ok(declared.lens({ from: ['nam'], to: ['size'], forward: () => ({ size: 1 }), back }))
  // @ts-expect-error another type than the column's
  assert.ok(declared.lens({ from: ['name'], to: ['size'], forward: ({ name }) => ({ size: name }), back }))
})
