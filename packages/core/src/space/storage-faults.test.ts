import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeClock } from '../../../node/src/platform/clock.ts'
import { createNodeCompression } from '../../../node/src/platform/compression.ts'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { KithError, toHex } from '../bytes/index.ts'
import type { Segment } from '../change/index.ts'
import type { Platform, SqlDatabase } from '../ports/index.ts'
import { add, app, counter, increment, ref, remove, richText, set, table, text } from '../schema/index.ts'
import { createKith } from './start.ts'
import { createTrialPeer, showAll } from './trial-peer.fixture.ts'
import { type Step, stepOf, tellStory } from './trial-story.fixture.ts'
import { createTrialWorld, signRun } from './trial-world.fixture.ts'

const crypto = await createNodeCrypto()

const todo = app('org.example.todo', {
  version: 1,
  tables: {
    lists: table({ name: text() }),
    tasks: table({ title: text(), list: ref('lists').optional(), votes: counter(), tags: set(), notes: richText() }),
    stars: table({ task: ref('tasks'), who: text(), why: text().optional() }, { key: ['task', 'who'] }),
  },
})

type Disk = { at: number | undefined; seen: number }

/** A disk that is full after so many writing statements (`at`), until that is undefined. Reading goes on. */
const fill = (disk: Disk, database: SqlDatabase): SqlDatabase => {
  const check = (sql: string): void => {
    if (/^\s*(SELECT|WITH|PRAGMA|ROLLBACK)/i.test(sql)) return
    disk.seen += 1
    if (disk.at === undefined) return
    if (disk.seen > disk.at) throw new KithError('storage-full', 'The disk is full, says the test.')
  }
  return {
    close: () => {},
    exec: (sql) => {
      check(sql)
      database.exec(sql)
    },
    prepare: (sql) => {
      const statement = database.prepare(sql)
      const guard =
        <Parameters extends unknown[], Result>(run: (...parameters: Parameters) => Result) =>
        (...parameters: Parameters): Result => {
          check(sql)
          return run(...parameters)
        }
      return { ...statement, run: guard(statement.run), get: guard(statement.get), all: guard(statement.all) }
    },
  }
}

const createDisk = () => {
  const database = openSqlite(':memory:')
  const disk: Disk = { at: undefined, seen: 0 }
  const platform: Platform = {
    clock: createNodeClock(),
    crypto,
    compression: createNodeCompression(),
    network: {
      connect: () => {
        throw new Error('There is no network in this test.')
      },
    },
    openDatabase: () => fill(disk, database),
  }
  /** Everything in the file, but for the clock, which only ever goes forward. */
  const dump = (): string => {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all()
    return tables
      .flatMap((found) => {
        const name = found.name as string
        const rows = database.prepare(`SELECT * FROM "${name}"`).all()
        return rows.map((row) => `${name} ${toText(row)}`).sort()
      })
      .filter((line) => !line.includes('"name":"clock"'))
      .join('\n')
  }
  return { disk, platform, dump }
}

const toText = (row: object): string =>
  JSON.stringify(row, (_key, value: unknown) => (value instanceof Uint8Array ? toHex(value) : value))

/** Runs `write` with the disk full at the first statement, the second, and so on, until it succeeds. Each failure changes nothing. */
const failEverywhere = async (
  { disk, dump }: ReturnType<typeof createDisk>,
  name: string,
  write: () => Promise<unknown>,
): Promise<void> => {
  const before = dump()
  for (let at = 0; ; at += 1) {
    assert.ok(at < 2000, `${name} ends`)
    disk.seen = 0
    disk.at = at
    let failure: unknown
    await write().catch((cause) => {
      failure = cause
    })
    const isReached = disk.seen > at
    disk.at = undefined
    if (!isReached) {
      assert.equal(failure, undefined, name)
      return
    }
    assert.equal(
      (failure as KithError | undefined)?.code,
      'storage-full',
      `${name}, statement ${at}: ${String((failure as Error)?.stack)}`,
    )
    assert.equal(dump(), before, `${name}, statement ${at}`)
  }
}

test('a disk that is full at any statement of any write changes nothing, rejects who waits, and goes on when there is room', async () => {
  const faulty = createDisk()
  const kith = await createKith(faulty.platform, { name: 'Alice' })
  const home = await kith.createSpace(todo, { name: 'Home' })
  const { lists, tasks, stars } = home.tables
  const list = await lists.insert({ name: 'Kitchen' })
  const task = await tasks.insert({ title: 'Tea', list, tags: ['a', 'b'] })
  const seen: unknown[] = []
  const stop = home.live(
    (q) => q.selectFrom('tasks').select(['title', 'votes', 'tags']),
    (rows) => seen.push(rows),
  )

  await failEverywhere(faulty, 'an insert', () => tasks.insert({ title: 'Milk', list }))
  await failEverywhere(faulty, 'an update', () => tasks.update(task, { title: 'Green tea' }))
  await failEverywhere(faulty, 'a counter and a set', () =>
    tasks.update(task, { votes: increment(2), tags: [add('c'), remove('a')] }),
  )
  await failEverywhere(faulty, 'an upsert', () => stars.upsert({ task, who: 'me', why: 'good' }))
  await failEverywhere(faulty, 'a deletion', () => tasks.delete(task))
  await failEverywhere(faulty, 'a restoration', () => tasks.restore(task))
  await failEverywhere(faulty, 'a transaction', () =>
    home.transact((tx) => {
      const other = tx.lists.insert({ name: 'Garden' })
      tx.tasks.insert({ title: 'Water', list: other })
      tx.tasks.update(task, { list: other })
      tx.stars.upsert({ task, who: 'me' })
    }),
  )
  await failEverywhere(faulty, 'an async transaction', () =>
    home.transact(async (tx) => {
      const [row] = await tx.query((q) => q.selectFrom('tasks').select('votes').where('id', '=', task))
      tx.tasks.update(task, { votes: increment(row?.votes ?? 0) })
    }),
  )
  await failEverywhere(faulty, 'two at once', () =>
    Promise.all([tasks.insert({ title: 'One' }), tasks.insert({ title: 'Two' })]),
  )
  await failEverywhere(faulty, 'a name', () => home.rename('House'))
  await failEverywhere(faulty, 'typing', async () => {
    const notes = await home.text('tasks', task, 'notes')
    try {
      notes.doc.getText('text').insert(0, 'x')
      await notes.saved()
    } finally {
      await notes.close().catch(() => {})
    }
  })
  await failEverywhere(faulty, 'an invite', async () => {
    await home.invite({ role: 'writer' }).catch((cause: KithError) => {
      // Without a hub there is no link to give out; what comes before that is written.
      if (cause.code !== 'hub-unreachable') throw cause
    })
  })
  await failEverywhere(faulty, 'another space', () => kith.createSpace(todo, { name: 'Work' }))

  const rows = await home.query((q) => q.selectFrom('tasks').select(['title', 'votes', 'tags']).orderBy('title'))
  assert.deepEqual(rows, [
    { title: 'Green tea', votes: 4, tags: ['b', 'c'] },
    { title: 'Milk', votes: 0, tags: [] },
    { title: 'One', votes: 0, tags: [] },
    { title: 'Two', votes: 0, tags: [] },
    { title: 'Water', votes: 0, tags: [] },
  ])
  assert.equal((await kith.spaces()).length, 2)
  assert.equal(await home.name(), 'House')
  await new Promise((resolve) => setTimeout(resolve, 50))
  assert.equal((seen.at(-1) as unknown[]).length, 5)
  stop()
  await kith.close()

  const again = await createKith(faulty.platform)
  const reopened = await again.open(todo, home.id)
  assert.deepEqual(
    await reopened.query((q) => q.selectFrom('tasks').select(['title', 'votes', 'tags']).orderBy('title')),
    rows,
  )
  assert.deepEqual(await reopened.heldBack(), [])
  await again.close()
})

test('a transaction with one op that cannot be is none at all', async () => {
  const { platform, dump } = createDisk()
  const kith = await createKith(platform)
  const home = await kith.createSpace(todo, { name: 'Home' })
  const task = await home.tables.tasks.insert({ title: 'Tea' })
  const before = dump()
  const attempts: ((tx: Parameters<Parameters<typeof home.transact>[0]>[0]) => unknown)[] = [
    (tx) => tx.tasks.update(task, { title: 5 as never }),
    (tx) => tx.tasks.insert({ title: 'x', list: task }),
    (tx) => tx.tasks.delete('0'.repeat(26)),
    () => {
      throw new Error('The app changes its mind.')
    },
  ]
  for (const attempt of attempts) {
    await assert.rejects(async () =>
      home.transact((tx) => {
        tx.tasks.insert({ title: 'Never' })
        tx.tasks.delete(task)
        attempt(tx)
      }),
    )
    assert.equal(dump(), before)
  }
  await home.tables.tasks.update(task, { title: 'Green tea' })
  await kith.close()
})

test('what comes while the disk is full leaves nothing, at whatever statement, and is the same when it comes again', async () => {
  const world = createTrialWorld()
  const [steps] = fc.sample(fc.array(stepOf, { minLength: 40, maxLength: 40 }), { seed: 5, numRuns: 1 })
  const story = tellStory(world, steps as Step[])
  const segments = [
    ...world.segments,
    ...story.branches.map(({ member, changes }) => signRun(world, member, changes)).toReversed(),
  ]
  const healthy = await createTrialPeer(world, 0)
  healthy.receive(segments)
  const disk: Disk = { at: undefined, seen: 0 }
  const peer = await createTrialPeer(world, 1, (database) => fill(disk, database))
  const receive = (some: readonly Segment[]): void => {
    peer.receive(some)
    peer.commit()
  }
  for (const [at, segment] of segments.entries()) {
    const shown = at >= world.segments.length ? showAll(peer) : undefined
    for (let full = 0; ; full += 1 + Math.floor(full / 8)) {
      disk.seen = 0
      disk.at = full
      let failure: unknown
      try {
        receive([segment])
      } catch (cause) {
        failure = cause
      }
      const isReached = disk.seen > full
      disk.at = undefined
      if (!isReached) {
        assert.equal(failure, undefined)
        break
      }
      if (failure) assert.equal((failure as KithError).code, 'storage-full')
      if (shown !== undefined) assert.equal(showAll(peer), shown)
    }
  }
  assert.equal(showAll(peer), showAll(healthy))
  healthy.close()
  peer.close()
})
