import assert from 'node:assert/strict'
import { test } from 'node:test'
import { all, app, column, equals, isMe, person, table, text, value, writes } from '@kith/core'
import { inScene, until } from './conditions.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'

const board = app('org.kith.can', {
  version: 1,
  roles: { editor: 'writer', guest: 'writer' },
  tables: {
    notes: table({ words: text() }, { insert: 'writer', update: ['author', 'editor'], delete: ['author', 'admin'] }),
    tasks: table(
      { owner: person().fixed(), state: text() },
      { insert: equals(value('state'), 'new'), update: isMe(column('owner')), delete: 'nobody' },
    ),
    done: table({ by: person(), words: text() }, { insert: all(isMe(value('by')), writes('words')), update: 'editor' }),
  },
})

test('can says what a write would be told, for roles, rows and values', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const bob = await openPerson(scene, 'bob', [hub.url])
    const rita = await openPerson(scene, 'rita', [hub.url])
    const hers = await alice.createSpace(board, { name: 'Board' })
    const his = await bob.join(board, await hers.invite({ role: 'guest' }))
    const read = await rita.join(board, await hers.invite({ role: 'reader' }))
    const note = await hers.tables.notes.insert({ words: 'of Alice' })
    const task = await hers.tables.tasks.insert({ owner: bob.address, state: 'new' })
    await until('Bob and Rita have both', async () =>
      (await Promise.all([his, read].map((space) => space.tables.tasks.get(task)))).every(Boolean),
    )
    const own = await his.tables.notes.insert({ words: 'of Bob' })

    assert.equal(await his.can('insert', 'notes'), true)
    assert.equal(await his.can('update', 'notes'), true, 'some row: his own')
    assert.equal(await his.can('update', 'notes', note), false)
    assert.equal(await his.can('update', 'notes', own), true)
    assert.equal(await his.can('delete', 'notes', note), false)
    assert.equal(await hers.can('delete', 'notes', note), true)
    assert.equal(
      await his.can(
        'delete',
        'notes',
        own.replace(/^./, (first) => (first === '0' ? '1' : '0')),
      ),
      false,
    )

    assert.equal(await his.can('insert', 'tasks'), true, 'with the right values')
    assert.equal(await his.can('insert', 'tasks', { owner: bob.address, state: 'new' }), true)
    assert.equal(await his.can('insert', 'tasks', { owner: bob.address, state: 'old' }), false)
    assert.equal(await his.can('update', 'tasks', task), true)
    assert.equal(await hers.can('update', 'tasks', task), false)
    assert.equal(await hers.can('delete', 'tasks'), false)

    assert.equal(await his.can('insert', 'done'), true)
    assert.equal(await his.can('insert', 'done', { by: bob.address, words: 'mine' }), true)
    assert.equal(await his.can('insert', 'done', { by: alice.address, words: 'not mine' }), false)
    assert.equal(await his.can('update', 'done'), false, 'guests are no editors')

    for (const action of ['insert', 'update', 'delete'] as const) {
      assert.equal(await read.can(action, 'notes'), false)
      await assert.rejects(his.can(action, 'nothing' as never), { code: 'not-found' })
    }
    await assert.rejects(his.can('insert', 'notes', note), { code: 'bad-value' })
    await assert.rejects(his.can('insert', 'tasks', { state: 'new' }), { code: 'bad-value' })

    // It says what happens, and writes nothing.
    await assert.rejects(his.tables.notes.update(note, { words: 'not his' }), { code: 'not-allowed' })
    await hers.remove(bob.address)
    await until('Bob knows', async () => !(await his.status()).isMember)
    assert.equal(await his.can('insert', 'notes'), false)
  })
})
