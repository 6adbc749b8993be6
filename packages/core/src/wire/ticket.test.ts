import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromHex, toHex } from '../bytes/index.ts'
import { ticketsKeptMax } from '../limits/index.ts'
import type { Hashing } from '../ports/index.ts'
import { idToMark } from './mark.ts'
import { logKinds } from './policy.ts'
import { createResumeState, forgetTicket, rememberTicket, useTickets } from './resume-state.ts'
import {
  createTicket,
  fromKindAndRights,
  hasRight,
  isTicketGood,
  openRights,
  setToRights,
  type TicketLog,
  toKindAndRights,
} from './ticket.ts'

const hashing: Hashing = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  hmacSha256: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
}

const filled = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
const [secret, key] = [filled(1), filled(2)]
const list: TicketLog[] = [
  { log: filled(3), kind: 'space', rights: 3 },
  { log: filled(4), kind: 'mailbox', rights: 1 },
]

test('a ticket has the bytes that docs/protocol/hub.md says', () => {
  const ticket = createTicket(hashing, secret, key, list, 0x0102030405)
  const expiry = '0000000102030405'
  const said = Buffer.concat([
    Buffer.from('kith/1 resume ticket\0'),
    key,
    Buffer.from(expiry, 'hex'),
    filled(3),
    Buffer.of(3),
    filled(4),
    Buffer.of(9),
  ])
  assert.equal(toHex(ticket), expiry + createHmac('sha256', secret).update(said).digest('hex'))
})

test('a ticket is good at its hub, for its key, its list and its time only', () => {
  const ticket = createTicket(hashing, secret, key, list, 5000)
  const isGood = (
    change: { secret?: Uint8Array; key?: Uint8Array; list?: TicketLog[]; ticket?: Uint8Array },
    now = 0,
  ) =>
    isTicketGood(hashing, change.secret ?? secret, change.key ?? key, change.list ?? list, change.ticket ?? ticket, now)
  assert.deepEqual([isGood({}, 4999), isGood({}, 5000)], [true, false])
  assert.equal(isGood({ secret: filled(9) }), false)
  assert.equal(isGood({ key: filled(9) }), false)
  for (let at = 0; at < ticket.length; at += 1)
    assert.equal(isGood({ ticket: ticket.with(at, ticket[at]! ^ 1) }), false)
  assert.equal(isGood({ ticket: ticket.subarray(1) }), false)
  const others: TicketLog[][] = [
    [],
    list.slice(1),
    list.toReversed(),
    [...list, list[0]!],
    [{ ...list[0]!, rights: 7 }, list[1]!],
    [{ ...list[0]!, kind: 'media' }, list[1]!],
    [{ ...list[0]!, log: filled(9) }, list[1]!],
  ]
  for (const other of others) assert.equal(isGood({ list: other }), false)
})

test('kind and rights are one byte', () => {
  for (const kind of logKinds)
    for (let set = 0; set < 8; set += 1)
      assert.deepEqual(fromKindAndRights(toKindAndRights(kind, set)), { kind, rights: set })
  assert.deepEqual([hasRight(5, 'read'), hasRight(5, 'write'), hasRight(5, 'admin')], [true, false, true])
  assert.deepEqual(setToRights(5), ['read', 'admin'])
  assert.equal(openRights({ write: 'open', read: key, admin: 'none', kind: 'knock' }), 2)
})

test('a mark is the first 53 bits of an id', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (id) => {
      assert.equal(BigInt(idToMark(id)), BigInt(`0x${toHex(id.subarray(0, 8))}`) >> 11n)
    }),
  )
  assert.equal(idToMark(fromHex('ff'.repeat(32))), Number.MAX_SAFE_INTEGER)
})

const readers = (...logs: number[]) => logs.map((byte): TicketLog => ({ log: filled(byte), kind: 'space', rights: 1 }))
const wishes = (...logs: number[]) => logs.map((byte) => ({ log: filled(byte), rights: ['read'] as const }))
const ticketOf = (logs: readonly TicketLog[], expiresMs = 100) => ({
  ticket: createTicket(hashing, secret, key, logs, expiresMs),
  logs,
})

test('a client shows a ticket while it is good and covers what is wanted, and names all of its list', () => {
  const state = createResumeState(secret)
  const kept = ticketOf(readers(1, 2, 3))
  rememberTicket(state, kept)
  assert.deepEqual(useTickets(state, wishes(3, 1, 9), 512, 99), [{ kept, wishes: [1, undefined, 0] }])
  // Less than half of it is wanted, rights are missing, it is over, or the hub takes no list as long.
  for (const [wanted, logsMax, now] of [
    [wishes(3), 512, 99],
    [wishes(1, 2, 3).map((wish) => ({ ...wish, rights: ['read', 'write'] as const })), 512, 99],
    [wishes(1, 2, 3), 512, 100],
    [wishes(1, 2, 3), 2, 99],
  ] as const) {
    rememberTicket(state, kept)
    assert.deepEqual(useTickets(state, wanted, logsMax, now), [])
    assert.deepEqual(state.tickets, [])
  }
})

test('of a log in several tickets the newest counts, and a log is asked for once', () => {
  const state = createResumeState(secret)
  const [old, fresh] = [ticketOf(readers(1, 2, 2)), ticketOf(readers(2))]
  rememberTicket(state, old)
  rememberTicket(state, fresh)
  assert.deepEqual(useTickets(state, wishes(1, 2), 512, 0), [{ kept: fresh, wishes: [1] }])
  assert.deepEqual(state.tickets, [fresh], 'the other opens one of three')
  forgetTicket(state, fresh)
  assert.deepEqual(state.tickets, [])
})

test('of many tickets the largest are kept', () => {
  const state = createResumeState(secret)
  const large = ticketOf(readers(1, 2))
  rememberTicket(state, large)
  for (let count = 0; count < 3 * ticketsKeptMax; count += 1) rememberTicket(state, ticketOf(readers(3)))
  assert.equal(state.tickets.length, ticketsKeptMax)
  assert.ok(state.tickets.includes(large))
})
