import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KithError } from '@kith/core'
import { createCallee } from './callee.ts'
import { type Caller, createCaller } from './caller.ts'
import { bootObject, type ListenEvents, type PageMessage } from './messages.ts'

const service = {
  calls: {
    double: (value: number) => value * 2,
    refuse: () => {
      throw new KithError('storage-full', 'Full.', { store: 'x' })
    },
    break: async () => {
      throw new TypeError('A defect.')
    },
    never: () => new Promise<void>(() => {}),
  },
  listens: {
    count: ({ event, failed }: ListenEvents<number>, from: number) => {
      event(from)
      failed(new KithError('closed', 'Gone.'))
      event(from + 1)
      return () => stopped.push(from)
    },
  },
}
const stopped: number[] = []

const withPort = async (run: (caller: Caller) => Promise<void>): Promise<void> => {
  const { port1, port2 } = new MessageChannel()
  const callee = createCallee((message, transfer) => port2.postMessage(message, transfer))
  callee.add(service)
  port2.addEventListener('message', ({ data }) => callee.receive(data as PageMessage))
  port2.start()
  const caller = createCaller(port1)
  port1.start()
  try {
    await run(caller)
  } finally {
    port1.close()
  }
}

test('a call gives its result, and a typed error arrives with its code and details', async () => {
  await withPort(async (caller) => {
    const remote = caller.object<typeof service>(bootObject)
    assert.deepEqual(await Promise.all([remote.call('double', 2), remote.call('double', 4)]), [4, 8])
    await assert.rejects(remote.call('refuse'), (error) => {
      assert(error instanceof KithError)
      assert.deepEqual([error.code, error.message, error.details], ['storage-full', 'Full.', { store: 'x' }])
      return true
    })
    await assert.rejects(remote.call('break'), /A defect/)
  })
})

test('a listener gets events and failures in their order, until it is stopped', async () => {
  await withPort(async (caller) => {
    const remote = caller.object<typeof service>(bootObject)
    const heard: unknown[] = []
    const stop = remote.listen(
      'count',
      { event: (value: number) => heard.push(value), failed: (error) => heard.push((error as KithError).code) },
      7,
    )
    await remote.call('double', 1)
    assert.deepEqual(heard, [7, 'closed', 8])
    stop()
    await remote.call('double', 1)
    assert.deepEqual(stopped, [7])
  })
})

test('what cannot be cloned, and a worker that is gone, are typed errors', async () => {
  await withPort(async (caller) => {
    const remote = caller.object<typeof service>(bootObject)
    await assert.rejects(remote.call('double', (() => 1) as never), { code: 'bad-value' })
    const never = remote.call('never')
    caller.fail(new KithError('closed', 'The worker ended.'))
    await assert.rejects(never, { code: 'closed' })
    await assert.rejects(remote.call('double', 1), { code: 'closed' })
  })
})
