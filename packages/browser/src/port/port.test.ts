import { createLensPages } from './lens-pages.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type App, KithError } from '@kith/core'
import { createPassing } from '../page/remote.ts'
import { createNotes } from '../worker/notes.ts'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { type CallNotes, createCallee } from './callee.ts'
import { type Caller, createCaller, type Link } from './caller.ts'
import type { ListenEvents, PageMessage, Service, WorkerMessage, WriteNote } from './messages.ts'
import { methodNames, methodsToObject } from './values.ts'

const stopped: number[] = []
let written = 0
/** What is written waits for it, as for a commit. */
let durable: Promise<unknown> = Promise.resolve()

/** What an engine's object may have; none of it is known to the port. */
const engine = {
  double: async (value: number) => value * 2,
  listing: async () => [{ name: 'a', undo: async (word: string) => `undone ${word}`, met: Promise.resolve('Bob') }],
  ask: async (options: { confirm: (words: string) => Promise<boolean> }) => options.confirm('apple'),
  people: {
    add: async (name: string) => `${name} is there`,
    liveList: (listener: (names: string[]) => void) => {
      listener(['Ada'])
      return () => stopped.push(0)
    },
  },
  unique: async () => {
    written += 1
    await durable
    return written
  },
}

const service = {
  calls: {
    refuse: () => {
      throw new KithError('storage-full', 'Full.', { store: 'x' })
    },
    break: async () => {
      throw new TypeError('A defect.')
    },
    never: () => new Promise<void>(() => {}),
    triple: (value: number) => value * 3,
  },
  writes: {
    add: async (note: WriteNote, value: number) => {
      written += value
      const result = written
      note.done(result)
      await durable
      return result
    },
  },
  listens: {
    count: ({ event, failed }: ListenEvents<number>, from: number) => {
      event(from)
      failed(new KithError('closed', 'Gone.'))
      event(from + 1)
      return {
        stop: () => stopped.push(from),
        calls: { more: (by: number) => event(from + by) },
      }
    },
  },
  rest: engine,
} satisfies Service

/** For tests in which no worker ends. */
const noNotes: CallNotes = {
  find: () => undefined,
  write: () => ({ done: () => {}, undo: () => {} }),
  begin: () => ({ end: () => {} }),
  settled: () => {},
}

const connect = (caller: Caller, round = 'first', notes: CallNotes = noNotes): (() => void) => {
  const { port1, port2 } = new MessageChannel()
  const callee = createCallee({
    post: (message, transfer) => port2.postMessage(message, transfer),
    round,
    kith: service,
    openSpace: async () => service,
    lensPages: createLensPages(),
    notes,
  })
  const link: Link = { post: (message) => port1.postMessage(message) }
  port2.addEventListener('message', ({ data }) => callee.receive(data as PageMessage))
  port1.addEventListener('message', ({ data }) => caller.receive(data as WorkerMessage, link))
  port1.start()
  port2.start()
  caller.connect(link)
  return () => {
    callee.close()
    port1.close()
  }
}

const withPort = async (run: (caller: Caller) => Promise<void>): Promise<void> => {
  const caller = createCaller()
  const close = connect(caller)
  try {
    await run(caller)
  } finally {
    close()
  }
}

const noSpaces = (_caller: Caller, _app: App): never => assert.fail('no spaces here')

test('a call gives its result, and a typed error arrives with its code and details', async () => {
  await withPort(async (caller) => {
    const remote = caller.object<typeof service>('kith')
    assert.deepEqual(await Promise.all([remote.call('triple', 2), remote.call('triple', 4)]), [6, 12])
    await assert.rejects(remote.call('refuse'), (error) => {
      assert(error instanceof KithError)
      assert.deepEqual([error.code, error.message, error.details], ['storage-full', 'Full.', { store: 'x' }])
      return true
    })
    await assert.rejects(remote.call('break'), /A defect/)
  })
})

test('a listener gets events and failures in their order, answers calls, and stops', async () => {
  await withPort(async (caller) => {
    const remote = caller.object<typeof service>('kith')
    const heard: unknown[] = []
    const { stop, session } = remote.listen(
      'count',
      { event: (value: number) => heard.push(value), failed: (error) => heard.push((error as KithError).code) },
      7,
    )
    await session.call('more', 10)
    assert.deepEqual(heard, [7, 'closed', 8, 17])
    stop()
    await remote.call('triple', 1)
    assert.deepEqual(stopped, [7])
  })
})

test('what cannot be cloned, and a person that was closed, are typed errors', async () => {
  await withPort(async (caller) => {
    const remote = caller.object<typeof service>('kith')
    await assert.rejects(remote.call('triple', (() => 1) as never), { code: 'bad-value' })
    const never = remote.call('never')
    caller.fail(new KithError('closed', 'The worker ended.'))
    await assert.rejects(never, { code: 'closed' })
    await assert.rejects(remote.call('triple', 1), { code: 'closed' })
  })
})

test('methods that nobody wrote down here pass: nested ones, listeners, functions in options and in results, promises in results', async () => {
  await withPort(async (caller) => {
    const remote = methodsToObject(
      methodNames(engine),
      createPassing(caller, 'kith', noSpaces),
    ) as unknown as typeof engine
    assert.equal(await remote.double(4), 8)
    assert.equal(await remote.people.add('Ada'), 'Ada is there')
    const names = await new Promise<string[]>((resolve) => remote.people.liveList(resolve))
    assert.deepEqual(names, ['Ada'])
    const [row] = await remote.listing()
    assert.equal(await row?.undo('it'), 'undone it')
    assert.equal(await row?.met, 'Bob')
    assert.equal(await remote.ask({ confirm: async (words) => words === 'apple' }), true)
  })
})

test('what another worker did is answered by the next and not done again; what it may have done is interrupted', async () => {
  const notes = createNotes()
  const database = notes.wrap(openSqlite(':memory:'))
  const commit = (): void => {
    const end = database.prepare('COMMIT')
    database.exec('BEGIN')
    end.run()
  }
  notes.start()
  const caller = createCaller()
  const remote = caller.object<typeof service>('kith')
  const passed = methodsToObject(
    methodNames(engine),
    createPassing(caller, 'kith', noSpaces),
  ) as unknown as typeof engine
  written = 0
  durable = new Promise(() => {})
  const posted: Promise<unknown>[] = []
  const restarts: string[] = []
  let close = connect(caller, 'first', notes.of('tab'))
  remote.listen('count', { event: () => {}, failed: () => {}, restarted: () => restarts.push('again') }, 1)
  posted.push(remote.write('add', 5), passed.unique(), passed.double(2))
  const unique = assert.rejects(posted[1] as Promise<unknown>, { code: 'interrupted' })
  // The worker has begun, and committed; then it is gone before anything was answered.
  for (const isWritten = () => written >= 6; !isWritten(); ) await new Promise((resolve) => setImmediate(resolve))
  commit()
  close()
  durable = Promise.resolve()
  close = connect(caller, 'second', notes.of('tab'))
  assert.equal(await posted[0], 5)
  await unique
  assert.equal(await posted[2], 4)
  assert.equal(written, 6)
  assert.deepEqual(restarts, ['again'])
  // What was answered is forgotten with the next commit.
  await remote.call('triple', 1)
  commit()
  assert.equal(database.prepare('SELECT count(*) AS n FROM tab_call').get()?.['n'], 0)
  close()
})

test('what left no trace is done by the next worker', async () => {
  const notes = createNotes()
  notes.wrap(openSqlite(':memory:'))
  notes.start()
  const caller = createCaller()
  const remote = caller.object<typeof service>('kith')
  written = 0
  connect(caller, 'first', notes.of('tab'))()
  const added = remote.write('add', 3)
  const close = connect(caller, 'second', notes.of('tab'))
  assert.equal(await added, 3)
  close()
})
