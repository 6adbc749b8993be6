import assert from 'node:assert/strict'
import { test } from 'node:test'
import { all, app, bool, column, equals, isMe, type Member, not, person, table, text, value, writes } from '@kith/core'
import { can } from './can.ts'

const forum = app('org.example.forum', {
  version: 1,
  roles: { moderator: 'writer' },
  tables: {
    posts: table(
      { body: text(), by: person().fixed(), isPinned: bool().default(false) },
      {
        insert: isMe(value('by')),
        update: [all('author', not(writes('isPinned'))), 'moderator'],
        delete: ['author', 'admin'],
      },
    ),
    rooms: table(
      { name: text(), kind: text().fixed() },
      { insert: 'admin', update: equals(column('kind'), 'open'), delete: 'nobody' },
    ),
    notes: table({ body: text() }),
  },
})
type Me = Pick<Member, 'address' | 'role' | 'rank'>
const me = (rank: Member['rank'], role: string = rank): Me => ({
  address: 'me',
  role,
  rank,
})
const asks =
  (who: Me | undefined) => (verb: Parameters<typeof can>[2], what?: string | Me, facts?: Parameters<typeof can>[4]) =>
    can(forum, who, verb, what, facts)

test('a rank or a role settles it', () => {
  assert.equal(asks(me('writer'))('insert', 'notes'), true)
  assert.equal(asks(me('reader'))('insert', 'notes'), false)
  assert.equal(asks(me('writer'))('insert', 'rooms'), false)
  assert.equal(asks(me('owner'))('insert', 'rooms'), true)
  assert.equal(asks(me('owner'))('delete', 'rooms'), false)
  assert.equal(asks(me('writer', 'moderator'))('update', 'posts', { isAuthor: false }), true)
  assert.equal(asks(undefined)('insert', 'notes'), false)
  assert.equal(asks(me('owner'))('insert', 'nowhere'), false)
})

test('what is not known counts as allowed, what is known is judged', () => {
  const ask = asks(me('writer'))
  assert.equal(ask('delete', 'posts'), true)
  assert.equal(ask('delete', 'posts', { isAuthor: false }), false)
  assert.equal(ask('update', 'posts', { isAuthor: true, values: { body: 'x' } }), true)
  assert.equal(ask('update', 'posts', { isAuthor: true, values: { isPinned: true } }), false)
  assert.equal(ask('insert', 'posts'), true)
  assert.equal(ask('insert', 'posts', { values: { body: 'x', by: 'me' } }), true)
  assert.equal(ask('insert', 'posts', { values: { body: 'x', by: 'you' } }), false)
  assert.equal(ask('update', 'rooms', { row: { kind: 'open' } }), true)
  assert.equal(ask('update', 'rooms', { row: { kind: 'closed' } }), false)
})

test('admins make links and manage those below them; an owner manages all others', () => {
  const other = (rank: Member['rank']): Me => ({ ...me(rank), address: 'you' })
  assert.equal(asks(me('writer'))('invite'), false)
  assert.equal(asks(me('admin'))('invite'), true)
  assert.equal(asks(me('admin'))('manage', other('writer')), true)
  assert.equal(asks(me('admin'))('manage', other('admin')), false)
  assert.equal(asks(me('owner'))('manage', other('admin')), true)
  assert.equal(asks(me('owner'))('manage', me('owner')), false)
})
