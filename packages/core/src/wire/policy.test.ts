import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, toHex } from '../bytes/index.ts'
import type { Hashing } from '../ports/index.ts'
import { bytesToPolicy, checkPolicy, type Policy, policyToBytes, policyToLogId } from './policy.ts'

const hashing: Hashing = {
  sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()),
  hmacSha256: (key, bytes) => new Uint8Array(createHmac('sha256', key).update(bytes).digest()),
}

// The public keys of RFC 8032 §7.1, tests 1 to 3.
const keys = [
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
].map(fromHex) as [Uint8Array, Uint8Array, Uint8Array]

const policy: Policy = { write: keys[0], read: keys[1], admin: keys[2], kind: 'space' }

test('the log id is the hash of the policy: one changed key, right or kind is another log', () => {
  const id = toHex(policyToLogId(policy, hashing))
  const expected = createHash('sha256')
    .update(`kith/1 log\0`)
    .update(Buffer.from(`845820${toHex(keys[0])}5820${toHex(keys[1])}5820${toHex(keys[2])}00`, 'hex'))
    .digest('hex')
  assert.equal(id, expected)
  const others: Policy[] = [
    { ...policy, kind: 'mailbox' },
    { ...policy, write: 'open' },
    { ...policy, admin: 'none' },
    { ...policy, write: keys[1], read: keys[0] },
  ]
  assert.equal(new Set([id, ...others.map((other) => toHex(policyToLogId(other, hashing)))]).size, 5)
})

test('a policy comes back from its bytes', () => {
  for (const kind of ['space', 'mailbox', 'knock', 'media', 'location'] as const) {
    const other: Policy = { write: kind === 'mailbox' ? keys[1] : 'open', read: keys[0], admin: 'none', kind }
    assert.deepEqual(bytesToPolicy(policyToBytes(other)), other)
  }
  assert.throws(() => bytesToPolicy(fromHex('8402000000')), { code: 'bad-encoding' })
})

test('a policy that no key guards is refused', () => {
  for (const write of ['open', 'none'] as const) {
    for (const read of ['open', 'none'] as const) {
      assert.throws(() => checkPolicy({ write, read, admin: 'open', kind: 'space' }), { code: 'bad-key' })
    }
  }
  checkPolicy({ write: 'open', read: keys[0], admin: 'none', kind: 'knock' })
})

test('everybody may write to a knock box and to no mailbox, and neither is read by all', () => {
  const bad: Policy[] = [
    { ...policy, kind: 'mailbox', write: 'open' },
    { ...policy, kind: 'mailbox', read: 'open' },
    { ...policy, kind: 'knock' },
    { ...policy, kind: 'knock', write: 'open', read: 'open' },
  ]
  for (const one of bad) assert.throws(() => checkPolicy(one), { code: 'bad-key' })
  checkPolicy({ ...policy, kind: 'mailbox' })
})

test('keys of low order, not canonical or of a wrong length are refused in each place', () => {
  const bad = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    '0000000000000000000000000000000000000000000000000000000000000080',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'd75a98',
  ].map(fromHex)
  for (const key of bad) {
    for (const place of ['write', 'read', 'admin']) {
      assert.throws(() => checkPolicy({ ...policy, [place]: key }), { code: 'bad-key' })
    }
  }
})
