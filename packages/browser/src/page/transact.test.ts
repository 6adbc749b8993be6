/** Async transactions through a port, on a real engine: Node's. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Space } from '@kith/core'
import { openKith } from '@kith/node'
import { createLensPages } from '../port/lens-pages.ts'
import { createCallee } from '../port/callee.ts'
import { createCaller, type Link } from '../port/caller.ts'
import type { PageMessage, WorkerMessage } from '../port/messages.ts'
import { methodNames } from '../port/values.ts'
import { todo } from '../testing/site/todo.ts'
import { createKithService } from '../worker/kith-service.ts'
import { createSpaceService } from '../worker/space-service.ts'
import { createRemoteSpace } from './space.ts'

const withSpace = async (run: (remote: Space<typeof todo>, direct: Space<typeof todo>) => Promise<void>) => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-transact-'))
  const kith = await openKith({ path: folder })
  const { port1, port2 } = new MessageChannel()
  try {
    const direct = await kith.createSpace(todo, { name: 'Home' })
    const callee = createCallee({
      post: (message, transfer) => port2.postMessage(message, transfer),
      round: 'first',
      kith: createKithService(kith),
      openSpace: async (app, id) => createSpaceService(await kith.open(app, id)),
      lensPages: createLensPages(),
      notes: {
        find: () => undefined,
        write: () => ({ done: () => {}, undo: () => {} }),
        begin: () => ({ end: () => {} }),
        settled: () => {},
      },
    })
    const caller = createCaller()
    const link: Link = { post: (message) => port1.postMessage(message) }
    port2.addEventListener('message', ({ data }) => callee.receive(data as PageMessage))
    port1.addEventListener('message', ({ data }) => caller.receive(data as WorkerMessage, link))
    port1.start()
    port2.start()
    caller.connect(link)
    await run(createRemoteSpace(caller, todo, direct.id, methodNames(direct)), direct)
  } finally {
    port1.close()
    await kith.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

test('a transaction that reads is run again when what it read has changed, and its new rows have their ids', async () => {
  await withSpace(async (remote, direct) => {
    let runs = 0
    const made = await remote.transact(async (tx) => {
      runs += 1
      const rows = await tx.query((q) => q.selectFrom('tasks').select('id'))
      if (runs < 3) await direct.tables.tasks.insert({ title: `in the way ${runs}` })
      return { id: tx.tasks.insert({ title: `after ${rows.length}` }) }
    })
    assert.equal(runs, 3)
    assert.equal((await direct.tables.tasks.get(made.id))?.title, 'after 2')
  })
})

test('one that always loses is told so, one that fails tells its own failure, and neither writes anything', async () => {
  await withSpace(async (remote, direct) => {
    const losing = remote.transact(async (tx) => {
      await tx.query((q) => q.selectFrom('tasks').select('id'))
      await direct.tables.tasks.insert({ title: 'in the way' })
      tx.tasks.insert({ title: 'never' })
    })
    await assert.rejects(losing, { code: 'transaction-conflict' })
    const failing = remote.transact(async (tx) => {
      tx.tasks.insert({ title: 'never' })
      await tx.query((q) => q.selectFrom('tasks').select('id'))
      throw new RangeError('mine')
    })
    await assert.rejects(failing, RangeError)
    await assert.rejects(
      remote.transact(async (tx) => {
        await tx.query((q) => q.selectFrom('tasks').select('id'))
        tx.tasks.update('nobody', { done: true })
      }),
      { code: 'bad-value' },
    )
    const titles = (await direct.query((q) => q.selectFrom('tasks').select('title'))).map(({ title }) => title)
    assert.deepEqual([...new Set(titles)], ['in the way'])
  })
})
