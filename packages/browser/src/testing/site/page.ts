/** The page that the browser test drives: it shows what Kith says, and leaves its parts where the test can reach them. */
import { type BrowserKith, increment, type KithError, openKith, type Space } from '../../index.ts'
import './people.ts'
import { todo } from './todo.ts'

let kith: BrowserKith
/** So that a test can end it behind the page's back. */
let worker: Worker | undefined
const startWorker = (): Worker =>
  (worker = new Worker(new URL('../../worker.ts', import.meta.url), { type: 'module', name: 'kith' }))
const state = { isWriting: false }
let writing: Promise<void> = Promise.resolve()
let home: Space<typeof todo>
type Task = { id: string; title: string; done: boolean; votes: number; notes: string }
let shown: Task[] = []

const element = (id: string): HTMLElement => document.getElementById(id) as HTMLElement

const show = async (): Promise<void> => {
  element('space').textContent = await home.name()
  element('storage').textContent = `Storage: ${kith.storage}`
  home.live(
    (q) => q.selectFrom('tasks').selectAll().orderBy('id'),
    (rows) => {
      shown = rows
      element('tasks').replaceChildren(
        ...rows.map(({ title, done, votes }) => {
          const item = document.createElement('li')
          item.textContent = `${title} (${votes})`
          item.dataset['done'] = String(done)
          return item
        }),
      )
      element('note').textContent = rows.map(({ notes }) => notes).join('\n')
    },
  )
}

const toText = (bytes: Uint8Array): string => btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(''))

/** Resolves when the live query shows what is asked for. */
const until = async (isThere: (tasks: Task[]) => boolean): Promise<Task[]> => {
  while (!isThere(shown)) await new Promise<number>(requestAnimationFrame)
  return shown
}

const test = {
  open: async (hub: string, store: string) => {
    const started = performance.now()
    kith = await openKith({ store, hubs: hub === '' ? [] : [hub], name: 'Alice', worker: startWorker })
    return { address: kith.address, storage: kith.storage, openMs: performance.now() - started }
  },
  create: async () => {
    home = await kith.createSpace(todo, { name: 'Home' })
    await show()
    return home.id
  },
  /** Design §8, line by line. */
  write: async () => {
    const { tasks } = home.tables
    const id = await tasks.insert({ title: '  Buy milk ' })
    await tasks.update(id, { done: true, votes: increment(1) })
    const tea = await home.transact((tx) => {
      const made = tx.tasks.insert({ title: 'Tea' })
      tx.tasks.update(made, { votes: increment(2) })
      tx.tasks.update(id, { done: false })
      return { made, note: `${made} is new` }
    })
    const note = await home.text('tasks', id, 'notes')
    const text = note.doc.getText('text')
    for (const [at, letter] of 'Two litres'.split('').entries()) text.insert(at, letter)
    await note.saved()
    await note.close()
    return { id, tea }
  },
  rows: () => home.query((q) => q.selectFrom('tasks').select(['id', 'title', 'done', 'votes', 'notes']).orderBy('id')),
  get: (id: string) => home.tables.tasks.get(id),
  everywhere: () =>
    kith.query(todo, (q) => q.selectFrom('tasks').select(['space', 'title']).where('title', '=', 'Tea')),
  invite: () => home.invite({ role: 'writer', uses: 1 }),
  synced: () => home.synced(),
  members: async () => (await home.members()).map(({ name }) => name).sort(),
  summaries: async () =>
    (await kith.spaces({ app: todo })).map(({ name, lastChange }) => [name, lastChange instanceof Date]),
  until: async (title: string) =>
    (await until((tasks) => tasks.some((task) => task.title === title))).map((task) => task.title),
  /** Types in the note while somebody else does: both see all of it. */
  typeTogether: async (id: string, mine: string, theirs: string) => {
    const note = await home.text('tasks', id, 'notes')
    const text = note.doc.getText('text')
    text.insert(text.length, mine)
    await note.saved()
    while (!text.toJSON().includes(theirs)) await new Promise((resolve) => text.observe(resolve))
    await note.close()
    return text.toJSON()
  },
  /** What is refused, by code. */
  refusals: async (): Promise<(string | undefined)[]> => {
    const { tasks } = home.tables
    const raw = { kind: 'RawNode', sqlFragments: ['SELECT * FROM meta'], parameters: [] }
    const attempts: (() => Promise<unknown>)[] = [
      () => tasks.insert({ title: ' ' }),
      () => tasks.insert({ title: 7 as never }),
      () => tasks.insert({ title: (() => '') as never }),
      () => tasks.update('nobody', { done: true }),
      () => home.query(() => ({ toOperationNode: () => raw }) as never),
      () => home.query((q) => q.selectFrom('meta' as never).selectAll() as never),
      () => home.transact((tx) => tx.tasks.update('nobody', { done: true })),
      () => kith.open(todo, 'nowhere'),
      () => kith.join(todo, 'https://example.org/'),
      () => openKith({ store: 'no/name' }),
    ]
    return Promise.all(
      attempts.map((attempt) =>
        attempt().then(
          () => 'accepted',
          (error: { code?: string }) => error.code ?? 'another error',
        ),
      ),
    )
  },
  /** Another tab of a store that is there: the space, and the first rows. */
  visit: async (store: string) => {
    const started = performance.now()
    kith = await openKith({ store, worker: startWorker })
    const [summary] = await kith.spaces({ app: todo })
    home = await kith.open(todo, summary?.id ?? '')
    await show()
    return { address: kith.address, ms: performance.now() - started, isLeader: worker !== undefined }
  },
  /** Inserts row after row, and says by the test's `acked` which are acknowledged. */
  startWriting: (tab: string) => {
    state.isWriting = true
    const { acked, failed } = globalThis as unknown as Record<string, (...words: string[]) => Promise<void>>
    writing = (async () => {
      for (let at = 0; state.isWriting; at += 1) {
        const title = `${tab}:${at}`
        try {
          // Both ways to write, and a write of more than one row.
          if (at % 3 === 0) await home.tables.tasks.insert({ title })
          else if (at % 3 === 1) await home.transact((tx) => void tx.tasks.insert({ title }))
          else
            await home.transact(
              async (tx) =>
                void (
                  (await tx.query((q) => q.selectFrom('tasks').select('id').limit(1))) && tx.tasks.insert({ title })
                ),
            )
          await acked?.(title)
        } catch (error) {
          // Ten tabs write without pause: who reads first may lose ten times in a row, and has written nothing then.
          if ((error as KithError).code === 'transaction-conflict') continue
          await failed?.(`${(error as { code?: string }).code}: ${(error as Error).message}`)
        }
      }
    })()
  },
  stopWriting: async () => {
    state.isWriting = false
    await writing
  },
  isLeader: () => worker !== undefined,
  /** As if the browser had ended the worker for want of memory. */
  endWorker: () => worker?.terminate(),
  titles: async () => (await home.query((q) => q.selectFrom('tasks').select('title'))).map(({ title }) => title),
  shown: () => shown.length,
  /** Two tabs add to one number: each reads it, waits, and writes what it read plus one. */
  count: async (times: number) => {
    for (let at = 0; at < times; at += 1) {
      await home.transact(async (tx) => {
        const [row] = await tx.query((q) =>
          q.selectFrom('tasks').select(['id', 'notes', 'title']).where('done', '=', true),
        )
        const [word, n] = (row?.title ?? '').split(' ')
        tx.tasks.update(row?.id ?? '', { title: `${word} ${Number(n) + 1}` })
      })
    }
  },
  startCounting: async () => home.tables.tasks.insert({ title: 'count 0', done: true }),
  counted: async () =>
    (await home.query((q) => q.selectFrom('tasks').select('title').where('done', '=', true))).map(({ title }) => title),
  /** Writes until the disk is full. */
  fill: async () => {
    for (let acknowledged = 0; ; acknowledged += 1) {
      try {
        // What does not compress.
        const words = Array.from({ length: 8 }, () => toText(crypto.getRandomValues(new Uint8Array(30_000))))
        await home.transact((tx) => {
          for (const title of words) tx.tasks.insert({ title })
        })
      } catch (error) {
        const { code, message, details } = error as KithError
        const { length } = await home.query((q) => q.selectFrom('tasks').select('id'))
        return { code, message, usedBytes: details['usedBytes'], acknowledged: acknowledged * 8, length }
      }
    }
  },
  add: async (title: string) => home.tables.tasks.insert({ title }),
  /** What the next call ends with. */
  endsWith: async () =>
    home.name().then(
      () => 'went on',
      (error: { code?: string }) => error.code,
    ),
  storageStatus: () => kith.storageStatus(),
  /** Fails in an async transaction: nothing of it may be there. */
  failing: async () =>
    home
      .transact(async (tx) => {
        tx.tasks.insert({ title: 'never' })
        await tx.query((q) => q.selectFrom('tasks').selectAll())
        throw new RangeError('mine')
      })
      .catch((error: Error) => error.name),
  /** Types in one tab while another leads. */
  type: async (id: string, words: string) => {
    const note = await home.text('tasks', id, 'notes')
    note.doc.getText('text').insert(0, words)
    await note.saved()
    const text = note.doc.getText('text').toJSON()
    await note.close()
    return text
  },
  /** After a start: how long until the first rows of a space that was there. */
  reopen: async (hub: string, store: string) => {
    const started = performance.now()
    const { address } = await test.open(hub, store)
    const openMs = performance.now() - started
    const [summary] = await kith.spaces({ app: todo })
    home = await kith.open(todo, summary?.id ?? '')
    const rows = await test.rows()
    const firstQueryMs = performance.now() - started
    await show()
    return { address, rows, openMs, firstQueryMs }
  },
  /** The same for a store of many rows: one row of the newest space. */
  reopenFirst: async (hub: string, store: string) => {
    const started = performance.now()
    const { openMs } = await test.open(hub, store)
    const [summary] = await kith.spaces({ app: todo })
    home = await kith.open(todo, summary?.id ?? '')
    const rows = await home.query((q) => q.selectFrom('tasks').select('title').limit(10))
    return { openMs, firstQueryMs: performance.now() - started, rows: rows.length }
  },
  /** `batches` transactions of `size` rows each, one after the other. */
  load: async (batches: number, size: number) => {
    const space = await kith.createSpace(todo, { name: 'Load' })
    const started = performance.now()
    for (let batch = 0; batch < batches; batch += 1) {
      await space.transact((tx) => {
        for (let at = 0; at < size; at += 1)
          tx.tasks.insert({ title: `Task ${batch} ${at}, of the usual length of such things` })
      })
    }
    return { rows: batches * size, ms: performance.now() - started }
  },
  /** Single inserts, each waited for. */
  single: async (count: number) => {
    const space = await kith.createSpace(todo, { name: 'Single' })
    const times: number[] = []
    for (let at = 0; at < count; at += 1) {
      const started = performance.now()
      await space.tables.tasks.insert({ title: `Task ${at}` })
      times.push(performance.now() - started)
    }
    return times.sort((left, right) => left - right)[count >> 1] as number
  },
  close: () => kith.close(),
}

export type TestPage = typeof test
Object.assign(window, { test })
