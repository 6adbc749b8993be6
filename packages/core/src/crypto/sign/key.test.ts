import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../../node/src/platform/crypto.ts'
import { labelled, utf8 } from '../../bytes/index.ts'
import { checkLabelled, labelledHash, verifyLabelled } from '../verify/index.ts'
import { createSigningKey, seedToSigningKey, signLabelled } from './index.ts'

const crypto = await createNodeCrypto()

test('a signature under one label is none under another', () => {
  const { publicKey, seed } = createSigningKey(crypto)
  const message = utf8('hello')
  const signature = signLabelled(crypto, seed, 'kith/1 a', message)
  assert.ok(verifyLabelled(crypto, signature, publicKey, 'kith/1 a', message))
  assert.ok(crypto.ed25519Verify(signature, labelled('kith/1 a', message), publicKey))
  assert.ok(!verifyLabelled(crypto, signature, publicKey, 'kith/1 b', message))
  checkLabelled(crypto, signature, publicKey, 'kith/1 a', message)
  assert.throws(() => checkLabelled(crypto, signature, publicKey, 'kith/1 b', message), { code: 'bad-signature' })
})

test('a signing key has a copy of its seed', () => {
  const seed = new Uint8Array(32).fill(4)
  const key = seedToSigningKey(crypto, seed)
  seed.fill(0)
  assert.deepEqual(key.seed, new Uint8Array(32).fill(4))
  assert.deepEqual(crypto.ed25519PublicKey(key.seed), key.publicKey)
  assert.throws(() => seedToSigningKey(crypto, new Uint8Array(31)), /Kith defect/)
})

test('a labelled hash is the hash of label, zero and parts', () => {
  assert.deepEqual(labelledHash(crypto, 'kith/1 a', utf8('x'), utf8('y')), crypto.sha256(utf8('kith/1 a\0xy')))
})
