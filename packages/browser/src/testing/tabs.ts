/** What several tabs of one store are asked. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from './pages.ts'
import type { World } from './world.ts'

export const testTabs = (world: World): void => {
  const { openPage } = world

  test(`${world.name}: tabs share one engine; what one writes others see; the one that has it closes and another goes on`, {
    timeout: 60_000,
  }, async () => {
    const store = 'shared'
    const [first, second, third] = await Promise.all([openPage(), openPage(), openPage()])
    const { address } = await call(first, 'open', '', store)
    await call(first, 'create')
    const id = await call(first, 'startCounting')
    for (const page of [second, third]) assert.equal((await call(page, 'visit', store)).address, address)
    assert.deepEqual(await Promise.all([first, second, third].map((page) => call(page, 'isLeader'))), [
      true,
      false,
      false,
    ])

    // Async transactions that read and wait: none is lost, though they run against each other.
    await Promise.all([first, second, third].map((page) => call(page, 'count', 4)))
    assert.deepEqual(await call(second, 'counted'), ['count 12'])
    assert.equal(await call(second, 'failing'), 'RangeError')
    await call(third, 'until', 'count 12')
    // Typed errors come from wherever the engine is.
    assert.deepEqual((await call(third, 'refusals')).slice(4, 9), [
      'not-allowed',
      'not-found',
      'bad-value',
      'not-found',
      'bad-link',
    ])

    const counting = call(second, 'count', 6)
    const typed = call(third, 'type', id, 'in the third tab')
    await first.close()
    await counting
    assert.equal(await typed, 'in the third tab')
    assert.deepEqual(await call(third, 'counted'), ['count 18'])
    await call(third, 'until', 'count 18')

    // In order, too: the leader hands over when it closes its person.
    const leads = await call(second, 'isLeader')
    const [leader, other] = leads ? [second, third] : [third, second]
    const going = call(other, 'count', 3)
    await call(leader, 'close')
    await going
    assert.deepEqual(await call(other, 'counted'), ['count 21'])
    assert.deepEqual(await call(other, 'titles'), ['count 21'])
    assert.ok(await call(other, 'isLeader'))
    await Promise.all([leader.close(), other.close()])
  })
}
