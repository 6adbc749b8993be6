// A person's device in a process of its own. Parameters: data folder, name, hubs separated by commas.
import { setTimeout as nap } from 'node:timers/promises'
import { increment } from '@kith/core'
import { openKith } from '../index.ts'
import { answerCalls, tell } from './child.fixture.ts'
import { type Journal, journal, onlySpace, readAll } from './journal.fixture.ts'

const [path = '', name = '', hubs = ''] = process.argv.slice(2)
const kith = await openKith({ path, name, hubs: hubs.split(',') })
let space: Journal | undefined
const current = async (): Promise<Journal> => (space ??= await onlySpace(kith))
const load = { isOn: false }

answerCalls({
  create: async (title: string) => {
    space = await kith.createSpace(journal, { name: title })
  },
  invite: async () => (await current()).invite({ role: 'writer', uses: 10 }),
  join: async (link: string) => {
    space = await kith.join(journal, link)
  },
  insert: async (...titles: string[]) => {
    const to = await current()
    return Promise.all(titles.map((title) => to.tables.entries.insert({ title })))
  },
  update: async (id: string, values: { title?: string }) => (await current()).tables.entries.update(id, values),
  vote: async (id: string, votes: number) => (await current()).tables.entries.update(id, { votes: increment(votes) }),
  readAll: async () => readAll(await current()),
  synced: async (timeoutMs = 20_000) => (await current()).synced({ timeoutMs }),
  delivered: () => kith.synced(),
  spaceStatus: async () => (await current()).status(),
  status: () => kith.status(),
  /**
   * Writes without end: inserts and votes, a few at once. Tells what it is about to do and what was acknowledged, so
   * that whoever kills us knows what must be there. `paceMs`: a person's rest between two.
   */
  write: async (counterId: string, label: string, paceMs: number) => {
    const to = await current()
    load.isOn = true
    const one = async (n: number): Promise<void> => {
      for (let at = 0; load.isOn; at += 1) {
        const title = `${label}/${n}/${at}`
        tell({ issued: title })
        const inserted = to.tables.entries.insert({ title })
        const voted = to.tables.entries.update(counterId, { votes: increment(1) })
        await Promise.all([inserted, voted])
        tell({ acknowledged: title })
        if (paceMs > 0) await nap(paceMs)
      }
    }
    await Promise.all([0, 1, 2].map(one))
  },
  stop: () => {
    load.isOn = false
  },
  close: () => kith.close(),
  /** Closes, and lets go of the parent: nothing may keep the process alive. */
  leave: async () => {
    await kith.close()
    process.removeAllListeners('disconnect')
    setImmediate(() => process.disconnect())
  },
})
