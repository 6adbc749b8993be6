import assert from 'node:assert/strict'
import { test } from 'node:test'
import { app, int, ref, table, text } from '../index.ts'
import { createFolder, hasCode, openPerson } from './person.fixture.ts'

const bank = app('org.example.bank', {
  version: 1,
  tables: {
    accounts: table({ owner: text(), money: int() }),
    transfers: table({ from: ref('accounts'), to: ref('accounts'), money: int() }),
  },
})

test('a transaction is one change: rows may refer to each other, and a failure leaves nothing', async (context) => {
  const alice = await openPerson(context)
  const space = await alice.createSpace(bank, { name: 'Bank' })
  const transfer = await space.transact((tx) => {
    const from = tx.accounts.insert({ owner: 'Ann', money: 10 })
    const to = tx.accounts.insert({ owner: 'Ben', money: 0 })
    tx.accounts.update(from, { money: 7 })
    tx.accounts.update(to, { money: 3 })
    return tx.transfers.insert({ from, to, money: 3 })
  })
  const [row] = await space.query((q) =>
    q.selectFrom('transfers as t').innerJoin('accounts as a', 'a.id', 't.to').select(['t.id', 'a.owner', 'a.money']),
  )
  assert.deepEqual(row, { id: transfer, owner: 'Ben', money: 3 })
  await assert.rejects(
    space.transact((tx) => {
      tx.accounts.insert({ owner: 'Eve', money: 1 })
      tx.accounts.insert({ owner: 'Eve', money: 'all' as never })
    }),
    hasCode('bad-value'),
  )
  const owners = await space.query((q) => q.selectFrom('accounts').select('owner').orderBy('owner'))
  assert.deepEqual(
    owners.map(({ owner }) => owner),
    ['Ann', 'Ben'],
  )
})

test('an async transaction that lost a race is run again, so that no update is lost', async (context) => {
  const alice = await openPerson(context)
  const space = await alice.createSpace(bank, { name: 'Bank' })
  const account = await space.tables.accounts.insert({ owner: 'Ann', money: 0 })
  let runs = 0
  const deposit = (): Promise<void> =>
    space.transact(async (tx) => {
      runs += 1
      const [row] = await tx.query((q) => q.selectFrom('accounts').select('money').where('id', '=', account))
      await Promise.resolve()
      tx.accounts.update(account, { money: (row?.money ?? 0) + 1 })
    })
  await Promise.all([deposit(), deposit(), deposit()])
  assert.equal((await space.tables.accounts.get(account))?.money, 3)
  assert.ok(runs > 3, 'at least one had to run again')
})

test('a transaction that never wins gives up with a typed error', async (context) => {
  const alice = await openPerson(context)
  const space = await alice.createSpace(bank, { name: 'Bank' })
  const account = await space.tables.accounts.insert({ owner: 'Ann', money: 0 })
  const loser = space.transact(async (tx) => {
    await tx.query((q) => q.selectFrom('accounts').selectAll())
    await space.tables.accounts.update(account, { money: 1 })
    tx.accounts.update(account, { money: 2 })
  })
  await assert.rejects(loser, hasCode('transaction-conflict'))
  assert.equal((await space.tables.accounts.get(account))?.money, 1)
})

test('many inserts at once share a commit, and all are there after the person was opened again', async (context) => {
  const path = createFolder(context)
  const alice = await openPerson(context, path)
  const space = await alice.createSpace(bank, { name: 'Bank' })
  const { accounts } = space.tables
  await Promise.all(
    Array.from({ length: 2000 }, (_, index) => accounts.insert({ owner: `No. ${index}`, money: index })),
  )
  await alice.close()
  const again = await openPerson(context, path)
  assert.equal(again.address, alice.address)
  const same = await again.open(bank, space.id)
  const rows = await same.query((q) => q.selectFrom('accounts').select((e) => e.fn.sum<number>('money').as('sum')))
  assert.equal(rows[0]?.sum, (1999 * 2000) / 2)
  assert.equal(await same.name(), 'Bank')
})

test('a person and its spaces answer with a typed error once they are closed', async (context) => {
  const alice = await openPerson(context)
  const space = await alice.createSpace(bank, { name: 'Bank' })
  await alice.close()
  await assert.rejects(space.tables.accounts.insert({ owner: 'Ann', money: 0 }), hasCode('closed'))
  await assert.rejects(alice.createSpace(bank, { name: 'Another' }), hasCode('closed'))
  await assert.rejects(
    space.query((q) => q.selectFrom('accounts').selectAll()),
    hasCode('closed'),
  )
})
