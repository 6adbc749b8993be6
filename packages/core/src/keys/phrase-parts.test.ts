import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { KithError, toHex } from '../bytes/index.ts'
import { checkProperty } from '../check-property.fixture.ts'
import { createSecretSharing } from '../crypto/split/index.ts'
import { checkJoined, entropyToPhrase, readParts, sharesToParts } from './index.ts'
import { bytesToWords, wordsToBytes } from './words.ts'

const crypto = await createNodeCrypto()
const sharing = createSecretSharing()

const split = async (entropy: Uint8Array, count: number, needed: number): Promise<string[]> =>
  sharesToParts(crypto, entropy, await sharing.split(entropy, count, needed), needed)

const join = async (parts: readonly string[]): Promise<Uint8Array> => {
  const joinable = readParts(crypto, parts)
  const entropy = await sharing.join(joinable.shares)
  checkJoined(crypto, joinable, entropy)
  return entropy
}

const refused = (parts: readonly string[]): KithError => {
  try {
    readParts(crypto, parts)
  } catch (cause) {
    if (cause instanceof KithError && cause.code === 'bad-part') return cause
    throw cause
  }
  throw new Error('They were accepted.')
}

/** The sets of `size` of the items. */
const choose = <Item>(items: readonly Item[], size: number): Item[][] =>
  size === 0
    ? [[]]
    : items.flatMap((item, at) => choose(items.slice(at + 1), size - 1).map((others) => [item, ...others]))

const entropies = fc.uint8Array({ minLength: 16, maxLength: 16 })

test('any k of n parts give the phrase back in any order, and fewer are told how many are missing', async () => {
  for (let count = 2; count <= 6; count += 1)
    for (let needed = 2; needed <= count; needed += 1) {
      const entropy = crypto.randomBytes(16)
      const parts = await split(entropy, count, needed)
      assert.equal(new Set(parts).size, count)
      for (const some of choose(parts, needed)) {
        assert.equal(toHex(await join(some)), toHex(entropy))
        assert.equal(toHex(await join(some.toReversed())), toHex(entropy))
      }
      assert.equal(toHex(await join(parts)), toHex(entropy), 'more than are needed do no harm')
      for (let few = 1; few < needed; few += 1)
        for (const some of choose(parts, few)) assert.deepEqual(refused(some).details, { missing: needed - few })
    }
})

test('a part of 16 of which 16 are needed is read too; a part is 21 words, which is no phrase', async () => {
  const entropy = crypto.randomBytes(16)
  const parts = await split(entropy, 16, 16)
  assert.equal(toHex(await join(parts)), toHex(entropy))
  for (const part of parts) assert.equal(part.split(' ').length, 21)
})

test('one word that is another is noticed, and the part is named', async (context) => {
  const sets = new Map<number, string[]>()
  for (const needed of [2, 3]) sets.set(needed, await split(crypto.randomBytes(16), 4, needed))
  await checkProperty(
    context,
    200,
    fc.property(fc.constantFrom(2, 3), fc.nat(3), fc.nat(20), entropies, (needed, at, word, noise) => {
      const parts = sets.get(needed) as string[]
      const other = entropyToPhrase(noise).split(' ')[0] as string
      const words = (parts[at] as string).split(' ')
      fc.pre(words[word] !== other)
      words[word] = other
      const wrong = parts.map((part, index) => (index === at ? words.join(' ') : part))
      assert.deepEqual(refused(wrong).details, { part: at + 1, missing: 0 })
    }),
  )
})

test('parts are read as people type them', async () => {
  const entropy = crypto.randomBytes(16)
  const [one = '', , three = ''] = await split(entropy, 3, 2)
  const typed = one.split(' ').map((word, at) => `${at + 1}. ${word.toUpperCase()}`)
  assert.equal(toHex(await join([three, `\n${typed.join('\n')}\n`])), toHex(entropy))
})

test('a part that is mistyped, too short, doubled, of another set, or a phrase is named, with how many are still needed', async () => {
  const entropy = crypto.randomBytes(16)
  const [one = '', two = '', three = '', four = ''] = await split(entropy, 4, 3)
  const [foreign = '', stranger = ''] = await split(entropy, 4, 3)

  const mistyped = refused([one, two.replace(/^\w+/, 'qwerty')])
  assert.deepEqual(mistyped.details, { word: 1, part: 2, missing: 2 })
  assert.match(mistyped.message, /^Part 2: Word 1, “qwerty”, is not one of the list.* 2 more are needed\.$/)
  const short = refused([one.slice(0, one.lastIndexOf(' ')), two, three])
  assert.deepEqual(short.details, { words: 20, part: 1, missing: 1 })
  const phrase = refused([entropyToPhrase(entropy)])
  assert.deepEqual(phrase.details, { words: 12, part: 1 })

  const doubled = refused([one, two, one])
  assert.deepEqual(doubled.details, { part: 3, missing: 1 })
  assert.match(doubled.message, /Part 3 is the same as part 1\. Leave it out\. 1 more is needed\./)
  // The same phrase, split another time.
  assert.deepEqual(refused([foreign, one, two]).details, { part: 1, missing: 1 })
  assert.deepEqual(refused([one, foreign]).details, { part: 2, missing: 2 })
  assert.match(refused([one, two, stranger, four]).message, /^Part 3 is of another .* The others are enough\.$/)

  assert.match(refused([]).message, /no parts/)
  assert.match(refused(Array.from({ length: 17 }, () => one)).message, /more than 16/)
  assert.match(refused(['zoo '.repeat(1000), one]).message, /^Part 1: That is far longer/)
})

/** A part with its bytes changed and a checksum that fits: what a hostile keeper of one can make. */
const forge = (part: string, change: (bytes: Uint8Array) => void): string => {
  const bytes = wordsToBytes(part, 21)
  change(bytes)
  const label = new TextEncoder().encode('kith/1 phrase part\0')
  const hash = crypto.sha256(Uint8Array.from([...label, ...bytes.subarray(0, 25)]))
  bytes.set(hash.subarray(0, 3), 25)
  return bytesToWords(bytes)
}

test('a part that somebody made up gives no wrong phrase', async () => {
  const [one = '', two = ''] = await split(crypto.randomBytes(16), 3, 2)
  assert.equal(
    forge(two, () => {}),
    two,
  )
  const forged = forge(two, (bytes) => (bytes[10] = (bytes[10] as number) ^ 1))
  await assert.rejects(join([one, forged]), { code: 'bad-part', message: /made one of them up/ })
  // Fewer needed than were: it claims to be of another set.
  const cheap = forge(two, (bytes) => (bytes[0] = 0x12))
  assert.equal(refused([one, cheap]).details['part'], 2)
  const needsOne = forge(two, (bytes) => (bytes[0] = 0x10))
  assert.equal(refused([one, needsOne]).details['part'], 2)
  const placeless = forge(two, (bytes) => (bytes[24] = 0))
  assert.equal(refused([one, placeless]).details['part'], 2)
  const newer = forge(two, (bytes) => (bytes[0] = 0x21))
  assert.throws(() => readParts(crypto, [one, newer]), { code: 'protocol-version', details: { part: 2 } })
})

test('whatever is typed at random is refused by a typed error', async (context) => {
  await checkProperty(
    context,
    200,
    fc.property(
      fc.array(
        fc.oneof(fc.string({ maxLength: 2000 }), fc.uint8Array({ minLength: 28, maxLength: 28 }).map(bytesToWords)),
        {
          maxLength: 20,
        },
      ),
      (texts) => {
        refused(texts)
      },
    ),
  )
})

test('the format is the one of docs/protocol/people.md', () => {
  const entropy = Uint8Array.from({ length: 16 }, (_, at) => at)
  const fixed = { ...crypto, randomBytes: (length: number) => new Uint8Array(length).fill(7) }
  const share = Uint8Array.from({ length: 17 }, (_, at) => 100 + at)
  const [part = ''] = sharesToParts(fixed, entropy, [share], 3)
  const bytes = wordsToBytes(part, 21)
  const sha = (label: string, ...rest: Uint8Array[]): Uint8Array =>
    crypto.sha256(Buffer.concat([Buffer.from(`${label}\0`), ...rest]))
  const set = Uint8Array.of(7, 7, 7)
  const head = Buffer.concat([Uint8Array.of(0x12), set, sha('kith/1 phrase check', set, entropy).subarray(0, 4), share])
  assert.equal(toHex(bytes), toHex(Buffer.concat([head, sha('kith/1 phrase part', head).subarray(0, 3)])))
})
