import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { KithError } from '../bytes/index.ts'
import {
  entropyToPhrase,
  entropyToRecovery,
  entropyToRecoveryLog,
  openRecoveryRecord,
  phraseToEntropy,
  recoveryLogToPolicy,
  sealRecoveryRecord,
} from './index.ts'

const crypto = await createNodeCrypto()

/** From BIP-39's own list of vectors (128 bits). */
const vectors = [
  [
    '00000000000000000000000000000000',
    'abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about',
  ],
  ['7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f', 'legal winner thank year wave sausage worth useful legal winner thank yellow'],
  ['ffffffffffffffffffffffffffffffff', 'zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong'],
  ['9e885d952ad362caeb4efe34a8e91bd2', 'ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic'],
] as const

const said = (run: () => unknown): string => {
  try {
    run()
  } catch (cause) {
    if (cause instanceof KithError && cause.code === 'bad-phrase') return cause.message
    throw cause
  }
  throw new Error('It was accepted.')
}

test('phrases are those of BIP-39', () => {
  for (const [hex, phrase] of vectors) {
    const entropy = Uint8Array.from(Buffer.from(hex, 'hex'))
    assert.equal(entropyToPhrase(entropy), phrase)
    assert.deepEqual(phraseToEntropy(phrase), entropy)
  }
})

test('a phrase is read as people type it: capitals, line breaks, numbers before the words', () => {
  const entropy = crypto.randomBytes(16)
  const words = entropyToPhrase(entropy).split(' ')
  const typed = words.map((word, at) => `${at + 1}. ${word.toUpperCase()}`).join('\n')
  assert.deepEqual(phraseToEntropy(`  ${typed}\n`), entropy)
})

test('a typo is named with the words that it may be meant for', () => {
  const words = vectors[1][1].split(' ')
  const typed = (at: number, word: string): string => words.map((one, index) => (index === at ? word : one)).join(' ')
  assert.match(
    said(() => phraseToEntropy(typed(1, 'winer'))),
    /Word 2, “winer”.*“winner”/,
  )
  assert.match(
    said(() => phraseToEntropy(typed(5, 'suasage'))),
    /Word 6, .*“sausage”/,
  )
  assert.match(
    said(() => phraseToEntropy(typed(0, 'qqqqq'))),
    /Word 1, “qqqqq”, is not one of the list. Look/,
  )
  assert.match(
    said(() => phraseToEntropy(words.slice(1).join(' '))),
    /these are 11/,
  )
  // Another word of the list: only the checksum can tell.
  assert.match(
    said(() => phraseToEntropy(typed(11, 'zoo'))),
    /one is wrong, or two are swapped/,
  )
  assert.match(
    said(() => phraseToEntropy('zoo '.repeat(1000))),
    /far longer/,
  )
})

test('only the phrase opens what devices write to the recovery log without it', () => {
  const entropy = crypto.randomBytes(16)
  const { writeSeed, readKey, read } = entropyToRecoveryLog(crypto, entropy)
  assert.deepEqual(recoveryLogToPolicy(crypto, { writeSeed, readKey }).read, read.publicKey)
  const record = {
    person: crypto.randomBytes(32),
    addressSeed: crypto.randomBytes(32),
    hubs: ['wss://one.example', 'wss://two.example'],
    epoch: { hash: crypto.randomBytes(32), level: 'admin' as const, secret: crypto.randomBytes(32) },
    time: 1_795_000_000_000,
  }
  const { sealing } = entropyToRecovery(crypto, entropy)
  const sealed = sealRecoveryRecord(crypto, sealing.publicKey, { writeSeed, readKey }, record)
  assert.deepEqual(openRecoveryRecord(crypto, entropy, sealed), record)
  assert.throws(() => openRecoveryRecord(crypto, crypto.randomBytes(16), sealed), { code: 'cannot-open' })
  // Whoever knows the public key alone, as every member does, cannot lead a person astray.
  const forged = sealRecoveryRecord(crypto, sealing.publicKey, { writeSeed: crypto.randomBytes(32), readKey }, record)
  assert.throws(() => openRecoveryRecord(crypto, entropy, forged), { code: 'cannot-open' })
})
