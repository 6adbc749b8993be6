import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, type Kith, table, text } from '@kith/core'
import { createWorld } from './index.ts'

const chat = app('org.example.chat', { version: 1, tables: { messages: table({ text: text() }) } })

const count = async (kith: Kith): Promise<number> =>
  (await kith.query(chat, (q) => q.selectFrom('messages').select('id'))).length
const received = async (kith: Kith): Promise<number> => (await kith.status()).hubs[0]?.receivedBytes ?? 0

/** So long a device waits at most before it packs, and a little more. */
const packingMs = 25_000

test('what was written one by one is joined into packs, and who joins reads those instead', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob', 'Carol', 'Dave'] })
  const { alice, bob, carol, dave } = world.devices
  const home = await alice.createSpace(chat, { name: 'Home' })
  const link = await home.invite({ role: 'writer' })
  const his = await bob.join(chat, link)
  for (let n = 0; n < 700; n++) {
    await home.tables.messages.insert({ text: `Alice says ${n}` })
    await his.tables.messages.insert({ text: `Bob says ${n}` })
  }
  const [before] = [await received(carol)]
  await carol.join(chat, link)
  await world.settle()
  const unpacked = (await received(carol)) - before
  assert.equal(await count(carol), 1400)

  await world.pass(packingMs)
  await world.settle()
  const start = await received(dave)
  await dave.join(chat, link)
  await world.settle()
  const packed = (await received(dave)) - start
  assert.equal(await count(dave), 1400)
  assert.ok(packed < unpacked / 4, `${packed} bytes with packs, ${unpacked} without`)
  // Nobody holds anything back, or has anything twice.
  for (const kith of [alice, bob, carol, dave]) {
    assert.equal(await count(kith), 1400)
    const [space] = await kith.spaces({ app: chat })
    assert.ok(space)
    assert.deepEqual(await (await kith.open(chat, space.id)).heldBack(), [])
  }
})

test('power cuts of a device and of the hub in the middle of packing lose nothing, and nothing counts twice', async () => {
  await using world = await createWorld({ devices: ['Alice', 'Bob', 'Carol'], seed: 'cuts' })
  const { alice, carol } = world.devices
  const home = await alice.createSpace(chat, { name: 'Home' })
  const link = await home.invite({ role: 'writer' })
  await world.devices.bob.join(chat, link)
  for (let n = 0; n < 800; n++) await home.tables.messages.insert({ text: `Alice says ${n}` })
  for (let round = 0; round < 9; round++) {
    await world.pass(1_700)
    if (round % 3 === 0) await world.restart('Alice')
    if (round % 3 === 1) await world.restart('Bob')
    if (round % 3 === 2) {
      world.stopHub()
      world.startHub()
    }
  }
  await world.pass(packingMs)
  await world.settle()
  await carol.join(chat, link)
  await world.settle()
  for (const kith of [world.devices.alice, world.devices.bob, carol]) assert.equal(await count(kith), 800)
})
