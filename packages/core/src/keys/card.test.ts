import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { decodeCbor, encodeCbor, fromBase64Url, KithError, labelled, toBase64Url } from '../bytes/index.ts'
import { encodeSegment } from '../change/index.ts'
import { cardCharsMax } from '../limits/index.ts'
import { formatCard, openLineage, parseCard, parseLink } from './index.ts'
import { createTestCard, createTestPerson } from './contact.fixture.ts'

const crypto = await createNodeCrypto()
const alice = createTestPerson(crypto)
const prefix = 'kith:card:'

test('a card says who its person is, and how to write to her', () => {
  const { card, text } = createTestCard(crypto, alice)
  const read = parseCard(crypto, ` https://kith.example/#${text}\n`)
  const { secrets } = alice.person
  assert.deepEqual(read, { ...card, person: secrets.person, address: secrets.address, device: alice.device.publicKey })
  assert.ok(text.length < 800, `a card of ${text.length} characters makes a small QR code`)
  assert.throws(() => parseLink(crypto, text), { code: 'bad-link' })
})

test('a card of the third device shows that the devices before it admitted it', () => {
  const old = createTestPerson(crypto, 3)
  const { text } = createTestCard(crypto, old)
  const read = parseCard(crypto, text)
  assert.deepEqual(read.address, old.person.secrets.address)
  assert.deepEqual(read.device, old.device.publicKey)
  assert.ok(text.length <= cardCharsMax)
  assert.throws(() => createTestPerson(crypto, 10), { code: 'too-large' })
})

test('any text that a name may be, and any hubs, come back from a card as they were', () => {
  const hub = fc
    .tuple(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.webUrl({ size: 'small' }))
    .filter(([, url]) => url.length <= 128)
    .map(([key, url]) => ({ key, url }))
  fc.assert(
    fc.property(
      fc.string({ maxLength: 40, unit: 'grapheme' }).filter((name) => new TextEncoder().encode(name).length <= 128),
      fc.array(hub, { maxLength: 4 }),
      fc.nat(),
      (name, hubs, time) => {
        const { card, text } = createTestCard(crypto, alice, { name, hubs, time })
        const read = parseCard(crypto, text)
        assert.deepEqual([read.name, read.hubs, read.time], [card.name, card.hubs, card.time])
      },
    ),
    { numRuns: 50 },
  )
})

test('a card with any character changed or cut off is a typed error', () => {
  const { text } = createTestCard(crypto, alice)
  for (let at = prefix.length; at < text.length; at += 7) {
    const other = text[at] === 'A' ? 'B' : 'A'
    assert.throws(() => parseCard(crypto, text.slice(0, at) + other + text.slice(at + 1)), { code: 'bad-card' })
    assert.throws(() => parseCard(crypto, text.slice(0, at)), { code: 'bad-card' })
  }
  for (const bad of ['', 'kith:', prefix, `${prefix}!`, text.slice(5), `${text}${'A'.repeat(cardCharsMax)}`])
    assert.throws(() => parseCard(crypto, bad), { code: 'bad-card' })
})

test('noise never is a card, whatever its checksum', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      assert.throws(() => parseCard(crypto, withChecksum(bytes)), KithError)
    }),
  )
})

test('somebody else cannot sign a card for a person, nor with her lineage', () => {
  const mallory = createTestPerson(crypto)
  const { card } = createTestCard(crypto, alice)
  assert.throws(() => parseCard(crypto, formatCard(crypto, card, mallory.device)), { code: 'bad-signature' })
  const { text } = createTestCard(crypto, alice)
  const bytes = fromBase64Url(text.slice(prefix.length)).subarray(0, -4)
  for (let at = 0; at < bytes.length; at += 5) {
    const altered = bytes.with(at, (bytes[at] as number) ^ 1)
    assert.throws(() => parseCard(crypto, withChecksum(altered)), KithError)
  }
})

test('a lineage whose steps are of another person, out of order, or without their body is refused', () => {
  const three = createTestPerson(crypto, 3)
  const other = createTestPerson(crypto, 2)
  const { text } = createTestCard(crypto, three)
  const { lineage } = parseCard(crypto, text)
  const [device, time, body, runs] = decode(lineage)
  const [, , , othersRuns] = decode(other.lineage)
  const first = three.segments[1]!
  const bare = encodeSegment({ ...first, changes: first.changes.map((change) => ({ ...change, body: undefined })) })
  const refused: unknown[][] = [[runs[1]], [runs[1], runs[0]], [othersRuns[0]], [bare], [runs[0], runs[0]], [1]]
  for (const steps of refused) {
    assert.throws(() => openLineage(crypto, encode([device, time, body, steps])), KithError)
  }
  assert.deepEqual(openLineage(crypto, encode([device, time, body, runs])).admissions.length, 3)
  assert.throws(() => openLineage(crypto, new Uint8Array(5000)), { code: 'too-large' })
})

const decode = (bytes: Uint8Array) => decodeCbor(bytes) as unknown as [Uint8Array, Uint8Array, Uint8Array, Uint8Array[]]
const encode = (value: unknown) => encodeCbor(value as never)
const withChecksum = (bytes: Uint8Array): string => {
  const sum = crypto.sha256(labelled('kith/1 card sum', bytes)).subarray(0, 4)
  return prefix + toBase64Url(Uint8Array.from([...bytes, ...sum]))
}
