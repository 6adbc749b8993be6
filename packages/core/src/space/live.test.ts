import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TouchedRows } from '../database/index.ts'
import type { Clock } from '../ports/index.ts'
import { createLiveOf } from './live.ts'
import { createNotifier } from './notify.ts'

/** A clock whose frames the test runs. */
const createFrames = () => {
  let due: (() => void)[] = []
  const later = (run: () => void) => {
    due.push(run)
    return () => {}
  }
  const clock = { now: () => 0, monotonic: () => 0, soon: later, after: (_ms: number, run: () => void) => later(run) }
  return {
    clock: clock as unknown as Clock,
    run: () => {
      const runs = due
      due = []
      for (const run of runs) run()
    },
  }
}

const rowOne: TouchedRows = new Map([['app/tasks', new Map([[1, [new Uint8Array([1])]]])]])

test('rows written before the frame that tells of their table are asked for with it; what is not known, or failed, is asked as a whole', async () => {
  const frames = createFrames()
  let taken: TouchedRows | undefined = new Map()
  const notifier = createNotifier(frames.clock, () => taken)
  const asked: (TouchedRows | undefined)[] = []
  let failure: Error | undefined
  createLiveOf({
    notifier,
    concerns: (space, tables) => space === 1 && tables.has('tasks'),
    read: (touched) => {
      asked.push(touched)
      if (failure) throw failure
      return []
    },
    listener: () => {},
    failed: () => {},
  })
  const frame = (table: string, touched: TouchedRows | undefined): TouchedRows | undefined => {
    taken = touched
    notifier.touch(1, [table])
    frames.run()
    return asked.at(-1)
  }
  await Promise.resolve()
  assert.deepEqual(asked, [undefined])
  frame('others', rowOne)
  assert.equal(asked.length, 1)
  assert.deepEqual(frame('tasks', new Map()), rowOne)
  assert.deepEqual(frame('tasks', new Map()), new Map())
  frame('others', undefined)
  assert.equal(frame('tasks', new Map()), undefined)
  failure = new Error('disk')
  frame('tasks', rowOne)
  failure = undefined
  assert.equal(frame('tasks', new Map()), undefined)
})
