/** Random edits by devices on three versions of an app, which meet by bundles in any order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  add,
  type App,
  app,
  increment,
  type Kith,
  set,
  type Space,
  counter,
  int,
  remove,
  table,
  text,
} from '@kith/core'
import fc from 'fast-check'
import { inScene } from './conditions.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'
import { createSwitch } from './switch.fixture.ts'

const first = app('org.kith.converge', {
  version: 1,
  tables: { notes: table({ name: text(), room: text().optional(), votes: counter() }) },
})
const split = {
  from: ['title'],
  to: ['head', 'tail'],
  forward: ({ title }: { title: string }) => ({ head: title.slice(0, 1), tail: title.slice(1) }),
  back: ({ head, tail }: { head: string; tail: string }) => ({ title: head + tail }),
} as const
const newer = { title: text().was('name'), head: text(), tail: text(), votes: counter(), stars: int().default(3) }
const second = app('org.kith.converge', {
  version: 2,
  tables: { notes: table({ ...newer, room: text().optional() }).lens(split) },
})
const third = app('org.kith.converge', {
  version: 3,
  dropped: ['notes.room'],
  tables: { notes: table({ ...newer, tags: set() }).lens(split) },
})
const versions: readonly App[] = [first, second, third]

type Step = { readonly who: number; readonly what: number; readonly which: number; readonly value: number }
const stepOf = fc.record({ who: fc.nat(2), what: fc.nat(11), which: fc.nat(5), value: fc.nat(30) })

type Tables = {
  readonly notes: {
    readonly insert: (row: object) => Promise<string>
    readonly update: (id: string, values: object) => Promise<void>
    readonly delete: (id: string) => Promise<void>
    readonly restore: (id: string) => Promise<void>
  }
}
type Device = { readonly kith: Kith; version: number; space: Space<App> }

const rowsOf = async ({ space }: Device) =>
  JSON.stringify(
    await (space as unknown as Space<typeof third>).query((q) => q.selectFrom('notes').selectAll().orderBy('id')),
  )

const idsOf = async ({ space }: Device): Promise<string[]> =>
  (await (space as unknown as Space<typeof first>).query((q) => q.selectFrom('notes').select('id').orderBy('id'))).map(
    ({ id }) => id,
  )

const runs = 6 * Number(process.env['KITH_RUNS'] ?? 1)

/** What a version can write of a row. */
const valuesOf = (version: number, value: number): object => {
  const word = 'abc'.charAt(value % 3) + 'xyz'.slice(value % 4)
  if (version === 0) return value % 2 === 0 ? { name: word } : { room: word }
  const all = [{ head: word.slice(0, 1) }, { tail: word.slice(1) }, { stars: value }]
  const own = version === 1 ? { room: word } : { tags: value % 2 === 0 ? add(word) : remove(word) }
  return [...all, own][value % 4] as object
}
const newRow = (version: number, value: number): object => {
  const word = 'abc'.charAt(value % 3) + 'xyz'.slice(value % 4)
  return version === 0 ? { name: word, room: 'r' } : { head: `${word}!`, tail: word, votes: increment(value) }
}

const take = async (devices: readonly Device[], { who, what, which, value }: Step): Promise<void> => {
  const device = devices[who] as Device
  const tables = device.space.tables as unknown as Tables
  const ids = await idsOf(device)
  const id = ids[which % Math.max(ids.length, 1)]
  if (what < 2 || id === undefined) await tables.notes.insert(newRow(device.version, value))
  else if (what < 6) await tables.notes.update(id, valuesOf(device.version, value))
  else if (what === 6) await tables.notes.update(id, { votes: increment(value) })
  else if (what === 7) await tables.notes.delete(id)
  else if (what === 8 && device.version < 2) await upgrade(device, device.version + 1)
  else await carry(device, devices[(who + 1 + (value % (devices.length - 1))) % devices.length] as Device)
}

const upgrade = async (device: Device, version: number): Promise<void> => {
  device.version = version
  device.space = await device.kith.open(versions[version] as App, device.space.id)
}

const carry = async (from: Device, to: Device): Promise<void> => {
  await to.kith.importBundle(await from.space.exportBundle())
}

test('devices on different versions come to one state once all run the newest, that of one that always did', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const line = createSwitch()
    const people = await Promise.all(
      ['alice', 'bob', 'carol', 'dora'].map((name) => openPerson(scene, name, [hub.url], line.on)),
    )
    const [alice, ...others] = people as [Kith, ...Kith[]]
    // All spaces at first, while there is a line: a run takes one.
    const ready: Space<App>[][] = []
    for (let run = 0; run < runs; run += 1) {
      const hers = (await alice.createSpace(first, { name: 'Home' })) as unknown as Space<App>
      const link = await hers.invite({ role: 'admin' })
      const readerLink = await hers.invite({ role: 'reader' })
      await hers.synced()
      // The last only looks, by the newest version from the beginning; a reader publishes nothing.
      const spaces = await Promise.all(
        others.map((kith, at) => (at === 2 ? kith.join(third as App, readerLink) : kith.join(first as App, link))),
      )
      await Promise.all(spaces.map((space) => space.synced()))
      ready.push([hers, ...spaces])
    }
    line.cut()
    await fc.assert(
      fc.asyncProperty(fc.array(stepOf, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        const spaces = ready.pop() as Space<App>[]
        const devices = spaces.map((space, at): Device => ({ kith: people[at] as Kith, version: 0, space }))
        const watcher = devices.pop() as Device
        for (const step of steps) {
          await take(devices, step)
          if (step.value % 5 === 0) await carry(devices[step.who] as Device, watcher)
        }
        for (const device of [...devices, watcher]) await upgrade(device, 2)
        for (let round = 0; round < 2; round += 1)
          for (const from of devices) for (const to of [...devices, watcher]) if (from !== to) await carry(from, to)
        const shown = await rowsOf(watcher)
        for (const device of devices) assert.equal(await rowsOf(device), shown)
        assert.doesNotMatch(shown, /"(head|tail)":null/)
        for (const { space } of devices) assert.deepEqual(await space.heldBack(), [])
      }),
      { numRuns: runs, endOnFailure: true },
    )
  })
})
