import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ed25519, x25519 } from '@noble/curves/ed25519.js'
import { fromHex, toHex } from '../../bytes/index.ts'
import { checkEd25519PublicKey, checkX25519PublicKey, isEd25519PublicKey, isX25519PublicKey } from './index.ts'

test('every Ed25519 point of low order is refused, and all other points are not', () => {
  const order8 = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  let point = ed25519.Point.ZERO
  const seen = new Set<string>()
  for (let count = 0; count < 8; count += 1) {
    seen.add(toHex(point.toBytes()))
    assert.equal(isEd25519PublicKey(point.toBytes()), false)
    point = point.add(order8)
  }
  assert.equal(seen.size, 8)
  for (let count = 0; count < 50; count += 1) assert.ok(isEd25519PublicKey(ed25519.keygen().publicKey))
})

test('every X25519 point that makes a zero secret is refused, and all other points are not', () => {
  const secret = new Uint8Array(32).fill(7)
  for (const hex of [
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  ]) {
    assert.throws(() => x25519.getSharedSecret(secret, fromHex(hex)), 'low order indeed')
    assert.equal(isX25519PublicKey(fromHex(hex)), false)
  }
  for (let count = 0; count < 50; count += 1) assert.ok(isX25519PublicKey(x25519.keygen().publicKey))
})

test('a coordinate of 2^255 − 19 and more is refused, one less is not', () => {
  for (let low = 0; low < 256; low += 1) {
    const key = new Uint8Array(32).fill(0xff)
    key[31] = 0x7f
    key[0] = low
    // p − 1 itself is of low order on both curves.
    assert.equal(isEd25519PublicKey(key), low < 0xec)
    assert.equal(isX25519PublicKey(key), low < 0xec)
    key[31] = 0xff
    assert.equal(isEd25519PublicKey(key), low < 0xec)
    assert.equal(isX25519PublicKey(key), false)
  }
  const below = new Uint8Array(32).fill(0xff)
  below[31] = 0x7f
  below[17] = 0xfe
  assert.ok(isEd25519PublicKey(below) && isX25519PublicKey(below))
})

test('a wrong length is no key, and the checks say bad-key', () => {
  for (const length of [0, 31, 33, 64]) {
    const bytes = new Uint8Array(length).fill(3)
    assert.throws(() => checkEd25519PublicKey(bytes), { code: 'bad-key' })
    assert.throws(() => checkX25519PublicKey(bytes), { code: 'bad-key' })
  }
  const key = ed25519.keygen().publicKey
  assert.equal(checkEd25519PublicKey(key), key)
})
