import { add, after, between, first, increment, type OpenText, remove, type Space } from '@kith/core'
import type { Step } from '../../shared/script.ts'
import type { SimApp } from '../app.ts'
import type { SimDevice } from '../device.ts'
import { type Acts, chosen, devicesAtHome, type World } from '../world.ts'
import { ask } from './ask.ts'

type Writing = (world: World, device: SimDevice, step: Step, home: Space<SimApp>) => void

const by =
  (write: Writing) =>
  (world: World, step: Step): void => {
    const device = chosen(devicesAtHome(world), step.who)
    const home = device?.home()
    if (device && home) write(world, device, step, home)
  }

const rowsOf = (home: Space<SimApp>) => home.query((q) => q.selectFrom('tasks').select(['id', 'place']).orderBy('id'))

/** Asks about one of the rows that the device shows. */
const onRow =
  (
    what: string,
    write: (world: World, home: Space<SimApp>, id: string, step: Step, device: SimDevice) => Promise<unknown>,
  ): Writing =>
  (world, device, step) =>
    ask(world, device, what, async (home) => {
      const row = chosen(await rowsOf(home), step.what)
      if (row) await write(world, home, row.id, step, device)
    })

const insert: Writing = (world, device, step) => {
  const title = `planted ${world.step}-${step.what}`
  world.planted.push(title)
  const { person, name } = device
  ask(
    world,
    device,
    'insert',
    (home) => home.tables.tasks.insert({ title }),
    (id) => world.ledger.row({ id, device: name, person, atMs: world.timeline.now() }),
  )
}

const many: Writing = (world, device, step) => {
  const { person, name } = device
  ask(
    world,
    device,
    'transact',
    (home) =>
      home.transact((tx) => {
        const ids = Array.from({ length: 1 + (step.how % 5) }, (_, n) =>
          tx.tasks.insert({ title: `planted ${world.step}-${step.what}-${n}`, done: n % 2 === 0 }),
        )
        tx.tasks.update(ids[0] as string, { votes: increment(step.how), tags: add('new') })
        return ids
      }),
    (ids) => {
      for (const id of ids) world.ledger.row({ id, device: name, person, atMs: world.timeline.now() })
    },
  )
}

const update = onRow('update', (world, home, id, step) =>
  home.tables.tasks.update(
    id,
    chosen(
      [{ state: `state ${world.step}` }, { done: step.how % 2 === 0 }, { votes: increment(step.how) }],
      step.how,
    ) as object,
  ),
)

const tag = onRow('tag', (_world, home, id, step) => {
  const value = `tag ${step.how % 3}`
  return home.tables.tasks.update(id, { tags: step.how % 2 === 0 ? add(value) : remove(value) })
})

const move = onRow('move', async (_world, home, id, step) => {
  const places = (await rowsOf(home)).flatMap(({ place }) => (place === null ? [] : [place])).sort()
  const at = step.how % (places.length + 1)
  const [left, right] = [places[at - 1], places[at]]
  if (left !== undefined && left === right) return
  const place = left === undefined ? first(right) : right === undefined ? after(left) : between(left, right)
  await home.tables.tasks.update(id, { place })
})

const erase = onRow('delete', (world, home, id) => {
  world.ledger.touchedRow(id)
  return home.tables.tasks.delete(id)
})

const ballot = onRow('ballot', async (world, home, id, step, device) => {
  const voter = device.kith()?.address
  if (voter !== undefined)
    await home.tables.ballots.upsert({ task: id, voter, choice: `choice ${step.how}-${world.step}` })
})

const setting: Writing = (world, device, step) =>
  ask(world, device, 'setting', (home) =>
    home.tables.settings.upsert({ name: `setting ${step.what % 3}`, value: `value ${world.step}` }),
  )

const rename: Writing = (world, device) => ask(world, device, 'rename', (home) => home.rename(`name ${world.step}`))

const restore: Writing = (world, device, step) =>
  ask(world, device, 'restore', async (home) => {
    const row = chosen(world.ledger.rows(), step.what)
    if (row) await home.tables.tasks.restore(row.id)
  })

/** Opens a text or takes one that is open, types or erases, and half of the time leaves it open. */
const type = onRow('type', async (world, home, id, step, device) => {
  const key = `${device.name}/${device.life()}/${id}`
  let text: OpenText | undefined = world.texts.get(key)
  if (!text) {
    text = await home.text('tasks', id, 'notes')
    world.texts.set(key, text)
  }
  const typed = text.doc.getText('text')
  if (step.how % 4 === 3 && typed.length > 0) {
    const at = step.what % typed.length
    const length = Math.min(1 + (step.how % 3), typed.length - at)
    world.ledger.touchedChars(typed.toJSON().slice(at, at + length))
    typed.delete(at, length)
    await text.saved()
  } else {
    const chars = Array.from({ length: 1 + (step.how % 4) }, world.ledger.nextChar)
    typed.insert(step.what % (typed.length + 1), chars.join(''))
    await text.saved()
    const atMs = world.timeline.now()
    if (device.isOn() && key === `${device.name}/${device.life()}/${id}`)
      for (const char of chars) world.ledger.char({ id, char, device: device.name, person: device.person, atMs })
  }
  if (step.how % 2 === 0) {
    world.texts.delete(key)
    await text.close()
  }
})

export const writing: Acts = {
  insert: { weight: 12, act: by(insert) },
  transact: { weight: 3, act: by(many) },
  update: { weight: 8, act: by(update) },
  tag: { weight: 3, act: by(tag) },
  move: { weight: 2, act: by(move) },
  delete: { weight: 2, act: by(erase) },
  restore: { weight: 1, act: by(restore) },
  ballot: { weight: 3, act: by(ballot) },
  setting: { weight: 2, act: by(setting) },
  rename: { weight: 1, act: by(rename) },
  type: { weight: 10, act: by(type) },
}
