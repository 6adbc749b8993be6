import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Change, Segment } from '../change/index.ts'
import { createTextSession } from '../database/index.ts'
import { createTextState } from '../database/text/index.ts'
import { app, table, text } from '../schema/index.ts'
import { createTrialPeer, showAll, type TrialPeer } from './trial-peer.fixture.ts'
import { createScribe, type Scribe, type Written } from './trial-scribe.fixture.ts'
import { createTrialWorld, signRun, trialNowMs } from './trial-world.fixture.ts'

const world = createTrialWorld()
const minute = 60_000

/** Two peers get the same in two orders, and show the same; the first is handed on. */
const inBothOrders = async (written: readonly Written[], look: (peer: TrialPeer) => void): Promise<void> => {
  const peers = [await createTrialPeer(world, 0), await createTrialPeer(world, 1)]
  const orders = [written, written.toReversed()]
  for (const [at, peer] of peers.entries()) {
    peer.receive(world.segments)
    for (const { segment } of orders[at] as readonly Written[]) peer.receive([segment])
  }
  const [first, second] = peers as [TrialPeer, TrialPeer]
  assert.equal(showAll(second), showAll(first))
  look(first)
  look(second)
  for (const peer of peers) peer.close()
}

const rowsOf = (peer: TrialPeer, table: string, columns: string): Record<string, unknown>[] =>
  peer.engine().statements(`SELECT ${columns} FROM "org.example.trial/${table}" WHERE "$hidden" = 0 ORDER BY id`).all()
const heldOf = (peer: TrialPeer): unknown[] =>
  peer
    .engine()
    .statements('SELECT code FROM held ORDER BY code')
    .all()
    .map(({ code }) => code)
const waitingOf = (peer: TrialPeer): number =>
  peer.engine().statements('SELECT count(*) AS n FROM waiting').get()?.n as number

const insertTask = (scribe: Scribe, who: number, assignee: number, patch = {}): Written => {
  const at = (column: string) => scribe.at('tasks', column)
  const columns = [at('assignee'), at('state'), at('title')]
  const address = world.members[assignee]?.secrets.address
  return scribe.write(who, [[0, scribe.at('tasks'), columns, 1, [address, null, 'Task']]], patch)
}
const setState = (scribe: Scribe, who: number, row: Uint8Array, state: string): Written =>
  scribe.write(who, [[2, scribe.at('tasks'), row, [scribe.at('tasks', 'state'), state]]])

test('a row that two changes insert is not there, whichever came first and whoever was let to write it meanwhile', async () => {
  const scribe = createScribe(world)
  const salt = new Uint8Array(16).fill(9)
  const first = insertTask(scribe, 1, 2, { salt })
  const second = insertTask(scribe, 1, 3, { salt, header: { time: first.change.header.time } })
  const byTwo = setState(scribe, 2, first.opId(0), 'mine')
  const byThree = setState(scribe, 3, first.opId(0), 'no, mine')
  assert.deepEqual(first.opId(0), second.opId(0))
  await inBothOrders([first, byTwo, byThree, second], (peer) => {
    assert.deepEqual(rowsOf(peer, 'tasks', 'id'), [])
    assert.deepEqual(heldOf(peer), ['twin', 'twin'])
    assert.equal(waitingOf(peer), 2)
  })
})

test('a twin among many rows at once is found as well', async () => {
  const scribe = createScribe(world)
  const salt = new Uint8Array(16).fill(8)
  const many = scribe.write(1, [[0, scribe.at('kinds'), [0], 120, Array.from({ length: 120 }, () => 'x')]], { salt })
  const patch = { salt, header: { time: many.change.header.time } }
  const titles = Array.from({ length: 70 }, () => [6, 'Bob'])
  const one = scribe.write(1, [...titles, [0, scribe.at('kinds'), [0], 1, ['y']]], patch)
  await inBothOrders([many, one], (peer) => {
    assert.deepEqual(rowsOf(peer, 'kinds', 'id'), [])
    assert.deepEqual(heldOf(peer), ['twin', 'twin'])
  })
})

test('counters take any delta, keep their sum whatever the order, and read as safe integers', async () => {
  const scribe = createScribe(world)
  const table = scribe.at('kinds') >= 0 ? scribe.at('items') : -1
  const made = scribe.write(1, [[0, table, [scribe.at('items', 'votes')], 1, [5]]])
  const max = Number.MAX_SAFE_INTEGER
  const update = (by: number) => [2, table, made.opId(0), [scribe.at('items', 'votes'), by]]
  // 1,100 times the largest delta passes 64 bits.
  const much = scribe.write(
    2,
    Array.from({ length: 1100 }, () => update(max)),
  )
  const less = scribe.write(3, [update(-max), update(-7)])
  await inBothOrders([made, much, less], (peer) => {
    const [row] = rowsOf(peer, 'items', 'typeof("votes:counter") AS type, CAST("votes:counter" AS TEXT) AS sum')
    assert.deepEqual({ ...row }, { type: 'integer', sum: String(BigInt.asIntN(64, 5n - 7n + 1099n * BigInt(max))) })
  })
})

test('an upsert counts only for the columns that it names, in any order', async () => {
  const scribe = createScribe(world)
  const at = (column: string) => scribe.at('settings', column)
  const table = scribe.at('settings')
  const upsert = (who: number, ms: number, cells: Record<string, unknown>) => {
    const all = { at: 1, name: 'colour', ...cells }
    const columns = Object.keys(all).sort((left, right) => at(left) - at(right))
    const values = columns.map((column) => all[column as keyof typeof all])
    return scribe.write(who, [[1, table, columns.map(at), 1, values]], { ms })
  }
  const written = [
    upsert(1, -3000, { value: 'old', size: 1 }),
    upsert(2, -2000, { value: 'new', hits: 2 }),
    upsert(3, -1000, { size: null, hits: 3 }),
  ]
  await inBothOrders(written, (peer) => {
    const rows = rowsOf(peer, 'settings', '"value:text" AS value, "size:int" AS size, "hits:counter" AS hits')
    assert.deepEqual(
      rows.map((row) => ({ ...row })),
      [{ value: 'new', size: null, hits: 5 }],
    )
  })
})

test('what was written under a newer record to a row that came later is not lost', async () => {
  const scribe = createScribe(world)
  const made = scribe.write(1, [[0, scribe.at('kinds'), [], 1, []]])
  const coloured = scribe.write(
    0,
    [[2, scribe.at('kinds', undefined, 1), made.opId(0), [scribe.at('kinds', 'colour', 1), 'red']]],
    { view: 1 },
  )
  await inBothOrders([made, coloured], (peer) => {
    assert.deepEqual(rowsOf(peer, 'kinds', '"colour:text" AS colour')[0]?.['colour'], 'red')
  })
})

test('rows of two tables may have one id, where somebody makes them so', async () => {
  const scribe = createScribe(world)
  const salt = new Uint8Array(16).fill(3)
  const kind = scribe.write(1, [[0, scribe.at('kinds'), [0], 1, ['kind']]], { salt })
  const item = scribe.write(1, [[0, scribe.at('items'), [], 1, []]], {
    salt,
    header: { time: kind.change.header.time },
  })
  const update = scribe.write(2, [[2, scribe.at('items'), item.opId(0), [scribe.at('items', 'title'), 'Tea']]])
  await inBothOrders([update, kind, item], (peer) => {
    assert.deepEqual(rowsOf(peer, 'items', '"title:text" AS title')[0]?.['title'], 'Tea')
  })
})

test('an index that names no insert, or one of a keyed table, holds its change back and stops nothing', async () => {
  const scribe = createScribe(world)
  const [votes, items] = [scribe.at('votes'), scribe.at('items')]
  const address = world.members[1]?.secrets.address
  const keys = [scribe.at('votes', 'item'), scribe.at('votes', 'voter')]
  await inBothOrders(
    [
      scribe.write(1, [[1, votes, keys, 1, [99_999, address]]]),
      scribe.write(1, [
        [3, votes, new Uint8Array(16)],
        [1, votes, keys, 1, [-1, address]],
      ]),
      scribe.write(1, [
        [0, items, [], 1, []],
        [1, votes, keys, 1, [0, address]],
        [3, votes, 1],
      ]),
      scribe.write(1, [
        [0, items, [], 1, []],
        [3, scribe.at('kinds'), 0],
      ]),
      scribe.write(1, [[0, items, [], 60_000, []]]),
    ],
    (peer) =>
      assert.deepEqual(
        heldOf(peer),
        Array.from({ length: 5 }, () => 'bad-value'),
      ),
  )
})

test('an upsert brings a deleted row back even for those who may not delete', async () => {
  const scribe = createScribe(world)
  const table = scribe.at('settings')
  const columns = [scribe.at('settings', 'at'), scribe.at('settings', 'name')]
  const made = scribe.write(0, [[1, table, columns, 1, [1, 'size']]])
  const [row] = await rowIds(made)
  const gone = scribe.write(0, [[3, table, row]])
  const back = scribe.write(2, [
    [1, table, columns, 1, [1, 'size']],
    [4, table, row, [gone.opId(0)]],
  ])
  const refused = scribe.write(2, [[4, table, row, [gone.opId(0)]]])
  await inBothOrders([made, gone, back, refused], (peer) => {
    assert.equal(rowsOf(peer, 'settings', 'id').length, 1)
    assert.deepEqual(heldOf(peer), ['rule'])
  })
})

const rowIds = async ({ segment }: Written): Promise<Uint8Array[]> => {
  const peer = await createTrialPeer(world, 9)
  peer.receive([...world.segments, segment])
  const rows = rowsOf(peer, 'settings', 'id')
  peer.close()
  return rows.map(({ id }) => id as Uint8Array)
}

test('a change six minutes ahead of our clock waits, moves no clock, and applies when the clock comes near', async () => {
  const scribe = createScribe(world)
  const peer = await createTrialPeer(world, 0)
  const early = scribe.write(1, [[0, scribe.at('kinds'), [0], 1, ['early']]], { ms: 6 * minute })
  peer.receive([...world.segments, early.segment])
  assert.equal(rowsOf(peer, 'kinds', 'id').length, 0)
  assert.equal(peer.replica().content.nextDue(), trialNowMs + 6 * minute)
  assert.ok(peer.engine().clock.last().ms <= trialNowMs)
  peer.setClock(trialNowMs + minute - 1)
  peer.replica().retry()
  assert.equal(rowsOf(peer, 'kinds', 'id').length, 0)
  peer.setClock(trialNowMs + minute)
  peer.replica().retry()
  assert.equal(rowsOf(peer, 'kinds', 'id').length, 1)
  assert.equal(peer.replica().content.nextDue(), undefined)
  // Or a later write of ours would stand below what shows already.
  assert.equal(peer.engine().clock.last().ms, trialNowMs + 6 * minute)
  peer.close()
})

test('thousands of changes that wait for rows cost nothing while others come, and each is found by its row', async () => {
  const scribe = createScribe(world)
  const peer = await createTrialPeer(world, 0)
  peer.receive(world.segments)
  const rows = Array.from({ length: 3000 }, () => insertTask(scribe, 1, 2))
  const updates = rows.map((row) => setState(scribe, 2, row.opId(0), 'done'))
  peer.receive([
    signRun(
      world,
      2,
      updates.map(({ change }) => change),
    ),
  ])
  assert.equal(waitingOf(peer), 3000)
  const statements = countStatements(peer, () =>
    peer.receive([scribe.write(3, [[0, scribe.at('kinds'), [0], 1, ['x']]]).segment]),
  )
  assert.ok(statements < 40, `${statements} statements for one change`)
  peer.receive([
    signRun(
      world,
      1,
      rows.map(({ change }) => change),
    ),
  ])
  assert.equal(waitingOf(peer), 0)
  assert.equal(rowsOf(peer, 'tasks', `id, "state:text" AS state`).filter(({ state }) => state === 'done').length, 3000)
  peer.close()
})

const countStatements = (peer: TrialPeer, run: () => void): number => {
  const before = peer.statementCount()
  run()
  return peer.statementCount() - before
}

test('a change that came without its body takes effect when the body comes', async () => {
  const scribe = createScribe(world)
  const peer = await createTrialPeer(world, 0)
  const whole = scribe.write(1, [[0, scribe.at('kinds'), [0], 1, ['x']]])
  const bare: Change = { ...whole.change, body: undefined }
  const without: Segment = { ...whole.segment, changes: [bare] }
  peer.receive([...world.segments, without])
  assert.equal(waitingOf(peer), 1)
  assert.equal(rowsOf(peer, 'kinds', 'id').length, 0)
  peer.receive([whole.segment])
  assert.equal(waitingOf(peer), 0)
  assert.equal(rowsOf(peer, 'kinds', 'id').length, 1)
  const shown = showAll(peer)
  peer.receive([without, whole.segment])
  peer.engine().unit.enter()
  peer.replica().content.rebuild(trialNowMs)
  assert.equal(showAll(peer), shown)
  peer.close()
})

test('a record that is none, or another app’s, holds back what is made under it and stops nothing', async () => {
  const scribe = createScribe(world)
  const other = app('org.example.other', { version: 1, tables: { kinds: table({ name: text() }) } })
  for (const record of [Uint8Array.of(1, 2, 3), other.recordBytes]) {
    const peer = await createTrialPeer(world, 0)
    const { segment, schema } = world.publish(record)
    const header = { schema, deps: { membership: [schema], content: [] } }
    const under = scribe.write(1, [[0, 0, [0], 1, ['x']]], { header })
    const beside = scribe.write(2, [[0, scribe.at('kinds'), [0], 1, ['x']]])
    peer.receive([...world.segments, segment, under.segment, beside.segment])
    assert.deepEqual(heldOf(peer), ['bad-schema'])
    assert.equal(rowsOf(peer, 'kinds', 'id').length, 1)
    await peer.reopen()
    assert.ok(peer.replica().record())
    assert.equal(
      peer.engine().statements("SELECT count(*) AS n FROM sqlite_schema WHERE name LIKE 'org.example.other%'").get()?.n,
      0,
    )
    peer.close()
  }
})

test('typing that waited is not lost to a snapshot that was made meanwhile', async () => {
  const scribe = createScribe(world)
  const peer = await createTrialPeer(world, 0)
  const item = scribe.write(1, [[0, scribe.at('items'), [], 1, []]])
  const row = item.opId(0)
  const type = (who: number, count: number): unknown[] => {
    const device = world.members[who]?.secrets.device.signing.publicKey as Uint8Array
    const state = createTextState({ crypto: world.crypto, row, column: 'notes', loadOps: () => [] })
    const session = createTextSession({ crypto: world.crypto, device, state })
    return Array.from({ length: count }, () => {
      session.doc().getText('text').insert(0, String(who))
      const op = session.takePending()
      return [5, scribe.at('items'), row, scribe.at('items', 'notes'), op?.salt, op?.structs, op?.deletes]
    })
  }
  const early = scribe.write(2, type(2, 1), { ms: 6 * minute })
  peer.receive([...world.segments, item.segment, early.segment])
  peer.commit()
  peer.receive([scribe.write(1, type(1, 600)).segment])
  peer.commit()
  assert.equal(peer.engine().statements('SELECT count(*) AS n FROM text_snapshot').get()?.n, 1)
  peer.setClock(trialNowMs + 2 * minute)
  peer.replica().retry()
  const [shown] = rowsOf(peer, 'items', '"notes:richText" AS notes')
  assert.equal(String(shown?.['notes']).length, 601)
  await peer.reopen()
  peer.receive([scribe.write(3, type(3, 1)).segment])
  const [later] = rowsOf(peer, 'items', '"notes:richText" AS notes')
  assert.equal(String(later?.['notes']).split('').sort().join('').replace(/1+/, '1'), '123')
  assert.equal(String(later?.['notes']).length, 602)
  peer.close()
})
