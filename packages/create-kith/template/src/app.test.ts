import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWorld } from '@kith/testing'
import { schema } from './schema.ts'

test('what one person adds another sees, also after working apart', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob'] })
  const { alice, bob } = world.devices
  const hers = await alice.createSpace(schema, { name: 'Home' })
  const his = await bob.join(schema, await hers.invite({ role: 'writer' }))

  world.partition('Bob')
  await hers.tables.items.insert({ title: 'Bread' })
  await his.tables.items.insert({ title: 'Milk' })
  world.heal()
  await world.settle()

  for (const space of [hers, his]) {
    const rows = await space.query((q) => q.selectFrom('items').select('title').orderBy('title'))
    assert.deepEqual(rows, [{ title: 'Bread' }, { title: 'Milk' }])
  }
})
