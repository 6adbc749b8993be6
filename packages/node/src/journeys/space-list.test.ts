import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kith } from '@kith/core'
import { inScene } from './conditions.fixture.ts'
import { journal } from './journal.fixture.ts'
import { openPerson } from './people.fixture.ts'
import { databaseFile } from '../open-kith.ts'
import { openSqlite } from '../platform/sqlite.ts'

const namesIn = async (kith: Kith): Promise<string[]> => (await kith.spaces()).map(({ name }) => name).sort()

test('the list shows names as spaces themselves do, before any is opened and after each rename', async () => {
  await inScene(async (scene) => {
    const before = await openPerson(scene, 'alice', [])
    const home = await before.createSpace(journal, { name: 'Home' })
    await before.createSpace(journal, { name: 'Work' })
    await home.rename('At home')
    await home.rename('')
    await home.rename('Our home')
    await before.close()
    const alice = await openPerson(scene, 'alice', [])
    assert.deepEqual(await namesIn(alice), ['Our home', 'Work'])
    const again = await alice.open(journal, home.id)
    assert.equal(await again.name(), 'Our home')
    await again.rename('Ours')
    assert.deepEqual(await namesIn(alice), ['Ours', 'Work'])
    await alice.close()
    await assert.rejects(alice.spaces(), { code: 'closed' })
  })
})

test('names that an older version could not read, or that were never kept, are read from history when they are listed', async () => {
  await inScene(async (scene) => {
    const before = await openPerson(scene, 'alice', [])
    await before.createSpace(journal, { name: 'Home' })
    await before.createSpace(journal, { name: 'Work' })
    await before.close()
    const database = openSqlite(databaseFile(scene.path('alice')))
    database.exec("DELETE FROM label; UPDATE meta SET value = 0 WHERE name = 'understanding'")
    database.close()
    const alice = await openPerson(scene, 'alice', [])
    assert.deepEqual(await namesIn(alice), ['Home', 'Work'])
  })
})
