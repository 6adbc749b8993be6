import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { KithError } from '../bytes/index.ts'
import { knockBytesMax, messageBytesMax, noticeBytesMax } from '../limits/index.ts'
import { createTestLetter, createTestPerson, nowMs } from './contact.fixture.ts'
import {
  decodeLetter,
  encodeLetter,
  encodeNotice,
  keysToPolicy,
  knockPayloadBytesMax,
  type LetterKey,
  offerToShared,
  openLetter,
  rootToKnock,
  rootToMailbox,
  rootToOffer,
  rootToSealing,
  sealLetter,
} from './index.ts'

const crypto = await createNodeCrypto()
const alice = createTestPerson(crypto)
const bob = createTestPerson(crypto, 2)
const hers = alice.person.secrets.address
const root = crypto.randomBytes(32)
const sealing = rootToSealing(crypto, root)
const offer = rootToOffer(crypto, root, bob.person.secrets.address)
const shared = offerToShared(crypto, offer)
const mailboxKey: LetterKey = { sealing, shared }
const knockKey: LetterKey = { sealing, shared: undefined }
const terms = {
  name: 'Bob',
  sealing: rootToSealing(crypto, crypto.randomBytes(32)).publicKey,
  hubs: [{ key: crypto.randomBytes(32), url: 'wss://hub.example' }],
  offer: rootToOffer(crypto, crypto.randomBytes(32), hers),
}
const knock = createTestLetter(crypto, bob, { terms, invite: 'kith:abc', message: 'Hello' })
const toHers = (letter = knock) => encodeLetter(crypto, letter, bob.device, hers)

test('the owner of a mailbox reads who wrote, and what; the keys follow from one secret', () => {
  const mailbox = rootToMailbox(crypto, root, bob.person.secrets.address)
  assert.deepEqual(mailbox.shared, shared)
  assert.deepEqual(mailbox.policy.write, crypto.ed25519PublicKey(offer.writeSeed))
  assert.equal(rootToKnock(crypto, root).policy.write, 'open')
  const entry = sealLetter(crypto, { sealing: sealing.publicKey, shared }, toHers())
  const read = decodeLetter(crypto, openLetter(crypto, entry.bytes, [knockKey, mailboxKey]), hers)
  assert.ok(read.type === 'letter')
  const { from, ...letter } = read
  assert.deepEqual(letter, knock)
  assert.deepEqual(from.address, bob.person.secrets.address)
  assert.deepEqual(from.device, bob.device.publicKey)
})

test('any letter comes back as it was, and any byte changed is a typed error', () => {
  const text = (max: number) =>
    fc.option(fc.string({ minLength: 1, maxLength: max, unit: 'grapheme' }), { nil: undefined })
  fc.assert(
    fc.property(text(200), text(300), fc.boolean(), fc.nat(), fc.nat(), (invite, message, hasTerms, time, at) => {
      const letter = createTestLetter(crypto, bob, { invite, message, terms: hasTerms ? terms : undefined, time })
      if (!invite && !message && !hasTerms) {
        assert.throws(() => decodeLetter(crypto, toHers(letter), hers), { code: 'bad-encoding' })
        return
      }
      const { bytes } = sealLetter(crypto, { sealing: sealing.publicKey, shared }, toHers(letter))
      const read = decodeLetter(crypto, openLetter(crypto, bytes, [mailboxKey]), hers)
      assert.deepEqual({ ...read, from: undefined }, { ...letter, from: undefined })
      const altered = bytes.with(at % bytes.length, bytes[at % bytes.length]! ^ 0x10)
      assert.throws(() => openLetter(crypto, altered, [mailboxKey]), KithError)
      assert.throws(() => openLetter(crypto, bytes.subarray(0, at % bytes.length), [mailboxKey]), KithError)
    }),
    { numRuns: 60 },
  )
})

test('all knocks have one size, whatever they say and whoever sends them; too long a one says by how much', () => {
  const sizes = [knock, createTestLetter(crypto, alice, { terms })].map(
    (letter) => sealLetter(crypto, { sealing: sealing.publicKey, shared: undefined }, toHers(letter)).bytes.length,
  )
  assert.deepEqual(sizes, [knockBytesMax, knockBytesMax])
  const full = new Uint8Array(knockPayloadBytesMax)
  assert.equal(sealLetter(crypto, { sealing: sealing.publicKey, shared: undefined }, full).bytes.length, knockBytesMax)
  assert.throws(
    () => sealLetter(crypto, { sealing: sealing.publicKey, shared: undefined }, new Uint8Array(full.length + 1)),
    { code: 'too-large' },
  )
  const long = createTestLetter(crypto, bob, { terms, message: 'x'.repeat(messageBytesMax), invite: 'y'.repeat(8192) })
  sealLetter(crypto, { sealing: sealing.publicKey, shared }, toHers(long))
})

test('a letter opens for nobody else: another key, another secret, or a knock taken for mail', () => {
  const mail = sealLetter(crypto, { sealing: sealing.publicKey, shared }, toHers()).bytes
  const strange: LetterKey[] = [
    { sealing: rootToSealing(crypto, crypto.randomBytes(32)), shared },
    { sealing, shared: crypto.randomBytes(32) },
    knockKey,
  ]
  for (const key of strange) assert.throws(() => openLetter(crypto, mail, [key]), { code: 'cannot-open' })
  const open = sealLetter(crypto, { sealing: sealing.publicKey, shared: undefined }, toHers()).bytes
  assert.throws(() => openLetter(crypto, open, [mailboxKey]), { code: 'cannot-open' })
  assert.throws(() => sealLetter(crypto, { sealing: new Uint8Array(32), shared }, toHers()), { code: 'bad-key' })
})

test('a letter cannot be handed on to another receiver, nor signed for another sender', () => {
  assert.throws(() => decodeLetter(crypto, toHers(), bob.person.secrets.address), { code: 'bad-signature' })
  const forged = encodeLetter(crypto, knock, alice.device, hers)
  assert.throws(() => decodeLetter(crypto, forged, hers), { code: 'bad-signature' })
})

test('noise is never a letter', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.throws(() => decodeLetter(crypto, bytes, hers), KithError)
      assert.throws(() => openLetter(crypto, bytes, [mailboxKey, knockKey]), KithError)
    }),
  )
})

test('a notice of an epoch takes at most 500 bytes in the mailbox', () => {
  const key = () => crypto.ed25519PublicKey(crypto.randomBytes(32))
  const notice = {
    type: 'notice' as const,
    id: crypto.randomBytes(16),
    time: nowMs,
    space: crypto.randomBytes(32),
    epoch: crypto.randomBytes(32),
    level: 'write' as const,
    policy: keysToPolicy({ write: key(), read: key(), admin: key() }),
    ephemeral: crypto.randomBytes(32),
    box: crypto.randomBytes(48),
  }
  const entry = sealLetter(crypto, { sealing: sealing.publicKey, shared }, encodeNotice(notice))
  assert.ok(entry.bytes.length <= noticeBytesMax, `${entry.bytes.length} bytes`)
  assert.deepEqual(decodeLetter(crypto, openLetter(crypto, entry.bytes, [mailboxKey]), hers), notice)
})
