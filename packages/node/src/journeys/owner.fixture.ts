// A person's first device in a process of its own, with many spaces. Parameters: data folder, hubs separated by commas.
import type { AddingDevice } from '@kith/core'
import { openKith } from '../index.ts'
import { answerCalls } from './child.fixture.ts'
import { journal } from './journal.fixture.ts'

const [path = '', hubs = ''] = process.argv.slice(2)
const kith = await openKith({ path, name: 'Owner', hubs: hubs.split(',') })
let adding: AddingDevice | undefined

answerCalls({
  createSpaces: async (from: number, count: number) => {
    for (let at = 0; at < count; at += 1) {
      const space = await kith.createSpace(journal, { name: `Space ${from + at}` })
      await space.tables.entries.insert({ title: 'one' })
    }
  },
  addDevice: async () => {
    adding = await kith.addDevice()
    return adding.code
  },
  confirm: async () => {
    await adding?.met
    await adding?.confirm()
  },
  revokeOther: async () => {
    for (const { id, isThis } of await kith.devices()) if (!isThis) await kith.revokeDevice(id)
  },
  tasksLeft: async () => (await kith.status()).tasksLeft,
  pending: async () => (await kith.status()).pending,
  /** Spaces in which something is wrong or left to do. */
  unfinished: async () => {
    const left: string[] = []
    for (const { id, name } of await kith.spaces()) {
      const space = await kith.open(journal, id)
      const { rotationOwed } = await space.status()
      const [me] = await space.members()
      if (rotationOwed || me?.devices !== 1) left.push(name)
      await space.tables.entries.insert({ title: 'after the revocation' })
    }
    return left
  },
  close: () => kith.close(),
})
