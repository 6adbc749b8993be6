/** Live queries: what they show is what the query shows, whatever is written; what did not change stays the same object. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { add, app, bool, counter, increment, int, type Space, ref, set, table, text, time } from '../index.ts'
import { hasCode, openPerson } from './person.fixture.ts'

const todo = app('org.example.live', {
  version: 1,
  tables: {
    lists: table({ name: text() }),
    tasks: table(
      {
        title: text(),
        done: bool().default(false),
        place: int().default(0),
        due: time().optional(),
        votes: counter(),
        tags: set(),
        list: ref('lists').optional().onDelete('hide'),
      },
      { index: [['place']] },
    ),
    folders: table({ name: text(), parent: ref('folders').optional().onDelete('hide') }),
    steps: table({ task: ref('tasks').onDelete('hide'), name: text() }),
  },
})
type Todo = Space<typeof todo>

const openTodo = async (context: TestContext) => {
  const alice = await openPerson(context)
  return { alice, space: await alice.createSpace(todo, { name: 'Home' }) }
}

/** Each answer with its patch, and the wait for one that satisfies. */
const follow = <Row extends object>(
  context: TestContext,
  space: Todo,
  build: Parameters<typeof space.live<Row>>[0],
) => {
  let rows: Row[] = []
  const patches: (readonly unknown[])[] = []
  let changedIdentity = 0
  let wake = (): void => {}
  const stop = space.live<Row>(build, (next, patch) => {
    const known = new Map(
      next.length > 1000 || !('id' in (next[0] ?? {})) ? [] : rows.map((row) => [JSON.stringify(row), row]),
    )
    if (known.size > 0)
      for (const row of next) if ((known.get(JSON.stringify(row)) ?? row) !== row) changedIdentity += 1
    rows = next
    patches.push(patch)
    wake()
  })
  context.after(stop)
  return {
    /** Rows that said the same as before and were other objects. */
    changedIdentity: () => changedIdentity,
    patches,
    until: async (isThere: (rows: Row[]) => boolean): Promise<Row[]> => {
      while (!isThere(rows)) await new Promise<void>((resolve) => (wake = resolve))
      return rows
    },
  }
}

test('a live query says what the query says, in its order, after any writes, and keeps rows that did not change', {
  timeout: 60_000,
}, async (context) => {
  const { space } = await openTodo(context)
  const { tasks, lists, steps, folders } = space.tables
  // Each in a total order, so that there is one right answer.
  const queries: Parameters<Todo['query']>[0][] = [
    (q) => q.selectFrom('tasks').selectAll().orderBy('id'),
    (q) =>
      q
        .selectFrom('tasks as t')
        .selectAll('t')
        .where('t.done', '=', false)
        .orderBy('t.place', 'desc')
        .orderBy('t.id', 'desc'),
    (q) =>
      q
        .selectFrom('tasks')
        .select(['title as name', 'votes'])
        .where('place', '>', 3)
        .orderBy('name')
        .orderBy('tasks.id'),
    (q) =>
      q.selectFrom('tasks').select(['id', 'due', 'list']).where('title', 'like', '%b%').orderBy('due').orderBy('id'),
    (q) => q.selectFrom('steps').selectAll().orderBy('name').orderBy('id'),
    (q) => q.selectFrom('folders').selectAll().orderBy('id'),
    (q) => q.selectFrom('tasks').select('id').orderBy('place').orderBy('id').limit(3),
    (q) => q.selectFrom('tasks').select((eb) => eb.fn.countAll<number>().as('n')),
    (q) =>
      q
        .selectFrom('steps')
        .innerJoin('tasks', 'tasks.id', 'steps.task')
        .select(['steps.id', 'tasks.title'])
        .orderBy('steps.id'),
  ]
  const lives = queries.map((build) => follow<object>(context, space, build as never))
  const ids = { tasks: [] as string[], lists: [] as string[], steps: [] as string[], folders: [] as string[] }
  const pick = (from: string[], at: number): string | undefined => from[at % Math.max(1, from.length)]
  const letters = fc.constantFrom('', 'a', 'b', 'ab', 'z', '\u{1f600}', '\uffee', 'Ä')
  const act = fc.record({ kind: fc.nat(13), at: fc.nat(50), word: letters, number: fc.integer({ min: -2, max: 8 }) })

  const perform = async ({ kind, at, word, number }: { kind: number; at: number; word: string; number: number }) => {
    const [task, list, step, folder] = [ids.tasks, ids.lists, ids.steps, ids.folders].map((some) => pick(some, at))
    if (kind < 3 || !task) {
      ids.tasks.push(await tasks.insert({ title: word, place: number, list: kind === 1 ? list : undefined }))
    } else if (kind === 3) await tasks.update(task, { title: word, place: number })
    else if (kind === 4) await tasks.update(task, { done: number > 3, due: new Date(number * 1000) })
    else if (kind === 5) await tasks.update(task, { votes: increment(number), tags: add(word) })
    else if (kind === 6) await tasks.delete(task)
    else if (kind === 7) await tasks.restore(task)
    else if (kind === 8) ids.steps.push(await steps.insert({ task, name: word }).catch(() => ids.steps[0] ?? ''))
    else if (kind === 9) ids.lists.push(await lists.insert({ name: word }))
    else if (list && kind === 10) await (number > 3 ? lists.delete(list) : lists.restore(list))
    else if (kind === 11) ids.folders.push(await folders.insert({ name: word, parent: pick(ids.folders, at) }))
    else if (kind === 12 && folder) await (number > 3 ? folders.delete(folder) : folders.restore(folder))
    else if (step) await steps.update(step, { name: word })
  }

  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 12 }), async (acts) => {
      for (const one of acts) await perform(one)
      for (const [at, live] of lives.entries()) {
        const wanted = JSON.stringify(await space.query(queries[at] as never))
        await live.until((rows) => JSON.stringify(rows) === wanted)
        assert.equal(live.changedIdentity(), 0)
      }
    }),
    // Each run goes on from the rows of those before, so that a shorter case could not be believed; and a list that is wrong is awaited for ever.
    { numRuns: 40, endOnFailure: true, plugins: [fc.timeout(20_000)] },
  )
})

test('an edit in 10,000 rows crosses as a patch of a few bytes, and costs a few milliseconds', {
  timeout: 60_000,
}, async (context) => {
  const { space } = await openTodo(context)
  const all = await space.transact((tx) =>
    Array.from({ length: 10_000 }, (_, at) => tx.tasks.insert({ title: `Task number ${at}`, place: at })),
  )
  const live = follow(context, space, (q) => q.selectFrom('tasks').selectAll().orderBy('place'))
  const first = await live.until((rows) => rows.length === 10_000)

  const changed = all[5000] as string
  await space.tables.tasks.update(changed, { title: 'Edited' })
  const second = await live.until((rows) => rows[5000]?.title === 'Edited')
  assert.equal(second.filter((row, at) => row !== first[at]).length, 1)
  assert.deepEqual(live.patches.at(-1), [[0, 5000], second[5000], [5001, 4999]])

  await space.tables.tasks.update(changed, { place: -1 })
  const third = await live.until((rows) => rows[0]?.id === changed)
  assert.deepEqual(live.patches.at(-1), [third[0], [0, 5000], [5001, 4999]])
  assert.ok(JSON.stringify(live.patches.at(-1)).length < 2048)

  const times: number[] = []
  for (let round = 0; round < 20; round += 1) {
    const start = performance.now()
    await space.tables.tasks.update(all[round * 400] as string, { title: `Round ${round}` })
    await live.until((rows) => rows.some(({ title }) => title === `Round ${round}`))
    times.push(performance.now() - start)
  }
  const median = times.toSorted((left, right) => left - right)[10] as number
  context.diagnostic(`from an edit to its row in a live list of 10,000: ${median.toFixed(1)} ms (median of 20)`)
})

test('a live query can be iterated: the newest rows each time, until one breaks, and what fails is thrown', async (context) => {
  const { alice, space } = await openTodo(context)
  const seen: number[] = []
  for await (const rows of space.live((q) => q.selectFrom('tasks').selectAll())) {
    seen.push(rows.length)
    if (rows.length === 2) break
    await space.tables.tasks.insert({ title: 'One more' })
  }
  assert.deepEqual(seen, [0, 1, 2])
  for await (const rows of alice.live(todo, (q) => q.selectFrom('tasks').select(['title', 'space']))) {
    assert.deepEqual(
      rows.map((row) => row.space),
      [space.id, space.id],
    )
    break
  }
  await assert.rejects(async () => {
    for await (const _ of space.live((q) => q.selectFrom('nowhere' as 'tasks').selectAll())) assert.fail('no rows')
  }, hasCode('not-found'))
})

test('a live query over all spaces follows each of them', async (context) => {
  const { alice, space } = await openTodo(context)
  const other = await alice.createSpace(todo, { name: 'Work' })
  let titles: string[] = []
  let wake = (): void => {}
  const stop = alice.live(
    todo,
    (q) => q.selectFrom('tasks').select(['title', 'space']).orderBy('title'),
    (rows) => {
      titles = rows.map(({ title, space }) => `${title} ${space === other.id ? 'Work' : 'Home'}`)
      wake()
    },
  )
  context.after(stop)
  const until = async (wanted: string[]): Promise<void> => {
    while (titles.join() !== wanted.join()) await new Promise<void>((resolve) => (wake = resolve))
  }
  const one = await space.tables.tasks.insert({ title: 'b' })
  await other.tables.tasks.insert({ title: 'a' })
  await until(['a Work', 'b Home'])
  await space.tables.tasks.update(one, { title: '0' })
  await until(['0 Home', 'a Work'])
  await space.tables.tasks.delete(one)
  await until(['a Work'])
})
