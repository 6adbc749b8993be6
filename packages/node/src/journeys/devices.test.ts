import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inScene, until } from './conditions.fixture.ts'
import { agree, has, openHub, openPerson } from './people.fixture.ts'
import { journal } from './journal.fixture.ts'
import { link } from './linking.fixture.ts'

test('a second device, linked by a code, has the spaces, writes in them, and is of the same person', async () => {
  await inScene(async (scene) => {
    const { url } = await openHub(scene)
    const laptop = await openPerson(scene, 'laptop', [url])
    const bob = await openPerson(scene, 'bob', [url])
    const home = await laptop.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await home.invite({ role: 'writer', uses: 10 }))
    await home.tables.entries.insert({ title: 'from the laptop' })
    const phone = await link(scene, laptop, 'phone', [url])
    assert.equal(phone.address, laptop.address)
    await until('the phone has the space', async () => (await phone.spaces()).length === 1)
    const there = await phone.open(journal, home.id)
    await until('the phone shows the row', () => has(there, 'from the laptop'))
    await there.tables.entries.insert({ title: 'from the phone' })
    await until('Bob sees it', () => has(his, 'from the phone'))
    await until('all agree', async () => (await agree(home, his)) && (await agree(home, there)))
    const devices = await laptop.devices()
    assert.deepEqual(devices.map(({ name }) => name).sort(), ['', 'phone'])
    // A space that comes later comes to both.
    const later = await phone.createSpace(journal, { name: 'Later' })
    await until('the laptop has it too', async () => (await laptop.spaces()).some(({ id }) => id === later.id))
  })
})
