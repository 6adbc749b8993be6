/** Contact cards, letters in mailboxes and knock boxes, and the keys of one's own boxes. */
import assert from 'node:assert/strict'
import { fromBase64Url, fromHex, labelled, toBase64Url, toHex } from '../../packages/core/src/bytes/index.ts'
import {
  createTestCard,
  createTestLetter,
  createTestPerson,
  nowMs,
} from '../../packages/core/src/keys/contact.fixture.ts'
import {
  decodeLetter,
  encodeLetter,
  encodeNotice,
  formatCard,
  keysToPolicy,
  type LetterKey,
  offerToShared,
  openLetter,
  parseCard,
  rootToKnock,
  rootToMailbox,
  rootToOffer,
  rootToSealing,
  sealLetter,
} from '../../packages/core/src/keys/index.ts'
import type { Crypto } from '../../packages/core/src/ports/index.ts'
import { policyToLogId } from '../../packages/core/src/wire/index.ts'
import { assertRefused, codeOf } from './refuse.ts'
import type { Json, Section } from './section.ts'
import { createSeededCrypto } from './seeded.ts'

type Boxes = {
  readonly root: string
  readonly contact: string
  readonly sealing: string
  readonly knockLog: string
  readonly mailboxLog: string
  readonly writeSeed: string
  readonly readKey: string
  readonly shared: string
}

type Invalid = { readonly why: string; readonly code: string }

type Vectors = {
  readonly boxes: Boxes
  readonly cards: {
    readonly valid: readonly {
      readonly text: string
      readonly address: string
      readonly device: string
      readonly name: string
    }[]
    readonly invalid: readonly (Invalid & { readonly text: string })[]
  }
  readonly letters: {
    /** The receiver's address and root are those of `boxes`' owner. */
    readonly receiver: string
    readonly valid: readonly Valid[]
    readonly invalid: readonly (Invalid & { readonly entry: string; readonly inMailbox: boolean })[]
  }
}

type Valid = {
  readonly entry: string
  readonly inMailbox: boolean
  readonly payload: string
  readonly type: string
  readonly id: string
  readonly time: number
  /** Of the sender; empty for notices. */
  readonly from: string
  readonly message: string | null
  readonly invite: string | null
}

export const contacts: Section = {
  name: 'contacts',
  make: ({ crypto }) => makeVectors(crypto),
  check(vectors: Vectors, { crypto }) {
    assert.deepEqual(toBoxes(crypto, fromHex(vectors.boxes.root), fromHex(vectors.boxes.contact)), vectors.boxes)
    for (const { text, address, device, name } of vectors.cards.valid) {
      const card = parseCard(crypto, text)
      assert.deepEqual([toHex(card.address), toHex(card.device), card.name], [address, device, name])
    }
    for (const { why, text, code } of vectors.cards.invalid) assertRefused(() => parseCard(crypto, text), code, why)
    const { receiver, valid, invalid } = vectors.letters
    const read = ({ entry, inMailbox }: { entry: string; inMailbox: boolean }) => {
      const payload = openLetter(crypto, fromHex(entry), [toKey(crypto, vectors.boxes, inMailbox)])
      return { payload, letter: decodeLetter(crypto, payload, fromHex(receiver)) }
    }
    for (const vector of valid) {
      const { payload, letter } = read(vector)
      assert.equal(toHex(payload), vector.payload)
      assert.deepEqual(summary(letter), { ...summaryOf(vector) })
    }
    for (const vector of invalid) assertRefused(() => read(vector), vector.code, vector.why)
  },
}

const summaryOf = ({ type, id, time, from, message, invite }: Valid) => ({ type, id, time, from, message, invite })

const summary = (letter: ReturnType<typeof decodeLetter>) => ({
  type: letter.type,
  id: toHex(letter.id),
  time: letter.time,
  from: letter.type === 'letter' ? toHex(letter.from.address) : '',
  message: letter.type === 'letter' ? (letter.message ?? null) : null,
  invite: letter.type === 'letter' ? (letter.invite ?? null) : null,
})

function toBoxes(crypto: Crypto, root: Uint8Array, contact: Uint8Array): Boxes {
  const offer = rootToOffer(crypto, root, contact)
  return {
    root: toHex(root),
    contact: toHex(contact),
    sealing: toHex(rootToSealing(crypto, root).publicKey),
    knockLog: toHex(policyToLogId(rootToKnock(crypto, root).policy, crypto)),
    mailboxLog: toHex(policyToLogId(rootToMailbox(crypto, root, contact).policy, crypto)),
    writeSeed: toHex(offer.writeSeed),
    readKey: toHex(offer.readKey),
    shared: toHex(offerToShared(crypto, offer)),
  }
}

function toKey(crypto: Crypto, { root, shared }: Boxes, inMailbox: boolean): LetterKey {
  return { sealing: rootToSealing(crypto, fromHex(root)), shared: inMailbox ? fromHex(shared) : undefined }
}

function makeVectors(platform: Crypto): Json {
  const crypto = createSeededCrypto(platform, 'kith/1 vectors contacts')
  const alice = createTestPerson(crypto)
  const bob = createTestPerson(crypto, 2)
  const boxes = toBoxes(crypto, crypto.randomBytes(32), bob.person.secrets.address)
  return { boxes, cards: makeCards(crypto, alice, bob), letters: makeLetters(crypto, alice, bob, boxes) }
}

type Person = ReturnType<typeof createTestPerson>

function makeCards(crypto: Crypto, alice: Person, bob: Person): Json {
  const prefix = 'kith:card:'
  const cards = [alice, bob].map((person, at) => createTestCard(crypto, person, { name: ['Alice', 'Bob'][at]! }))
  const valid = cards.map(({ text }) => {
    const { address, device, name } = parseCard(crypto, text)
    return { text, address: toHex(address), device: toHex(device), name }
  })
  const { card, text } = cards[0]!
  const signed = fromBase64Url(text.slice(prefix.length)).subarray(0, -4)
  const summed = (bytes: Uint8Array): string => {
    const sum = crypto.sha256(labelled('kith/1 card sum', bytes)).subarray(0, 4)
    return prefix + toBase64Url(Uint8Array.from([...bytes, ...sum]))
  }
  const refused: readonly (readonly [string, string])[] = [
    ['cut off', text.slice(0, -5)],
    ['a character changed', `${text.slice(0, 60)}${text[60] === 'A' ? 'B' : 'A'}${text.slice(61)}`],
    ['an invite', `kith:${text.slice(prefix.length)}`],
    ['another version', summed(signed.with(1, 2))],
    ['another name', summed(signed.with(4, signed[4]! ^ 1))],
    ['signed by somebody else', formatCard(crypto, card, bob.device)],
    ['the lineage of somebody else', formatCard(crypto, { ...card, lineage: bob.lineage }, alice.device)],
  ]
  return {
    valid,
    invalid: refused.map(([why, bad]) => ({ why, text: bad, code: codeOf(() => parseCard(crypto, bad)) })),
  }
}

function makeLetters(crypto: Crypto, alice: Person, bob: Person, boxes: Boxes): Json {
  const receiver = alice.person.secrets.address
  const sealTo = (payload: Uint8Array, inMailbox: boolean) => {
    const { sealing, shared } = toKey(crypto, boxes, inMailbox)
    return sealLetter(crypto, { sealing: sealing.publicKey, shared }, payload).bytes
  }
  const terms = {
    name: 'Bob',
    sealing: rootToSealing(crypto, crypto.randomBytes(32)).publicKey,
    hubs: [{ key: crypto.randomBytes(32), url: 'wss://hub.example' }],
    offer: rootToOffer(crypto, crypto.randomBytes(32), receiver),
  }
  const key = (): Uint8Array => crypto.ed25519PublicKey(crypto.randomBytes(32))
  const notice = encodeNotice({
    type: 'notice',
    id: crypto.randomBytes(16),
    time: nowMs,
    space: crypto.randomBytes(32),
    epoch: crypto.randomBytes(32),
    level: 'write',
    policy: keysToPolicy({ write: key(), read: key(), admin: key() }),
    ephemeral: crypto.x25519PublicKey(crypto.randomBytes(32)),
    box: crypto.randomBytes(48),
  })
  const knock = encodeLetter(
    crypto,
    createTestLetter(crypto, bob, { terms, invite: 'kith:link' }),
    bob.device,
    receiver,
  )
  const mail = encodeLetter(crypto, createTestLetter(crypto, bob), bob.device, receiver)
  const valid = (
    [
      [knock, false],
      [mail, true],
      [notice, true],
    ] as const
  ).map(
    ([payload, inMailbox]): Json => ({
      entry: toHex(sealTo(payload, inMailbox)),
      inMailbox,
      payload: toHex(payload),
      ...summary(decodeLetter(crypto, payload, receiver)),
    }),
  )
  const entry = sealTo(mail, true)
  const flip = (at: number): Uint8Array => entry.with(at, entry[at]! ^ 1)
  const forged = encodeLetter(crypto, createTestLetter(crypto, bob), alice.device, receiver)
  const elsewhere = encodeLetter(crypto, createTestLetter(crypto, bob), bob.device, bob.person.secrets.address)
  const empty = encodeLetter(crypto, createTestLetter(crypto, bob, { message: undefined }), bob.device, receiver)
  const refused: readonly (readonly [why: string, entry: Uint8Array, inMailbox: boolean])[] = [
    ['another version', flip(0), true],
    ['another kind', flip(2), true],
    ['an altered salt', flip(3), true],
    ['an altered commitment', flip(35), true],
    ['an altered ephemeral key', flip(67), true],
    [
      'an ephemeral key of low order',
      Uint8Array.from([...entry.slice(0, 67), ...new Uint8Array(32), ...entry.slice(99)]),
      true,
    ],
    ['an altered ciphertext', flip(99), true],
    ['mail taken for a knock', entry, false],
    ['cut off', entry.slice(0, 100), true],
    ['signed by somebody else', sealTo(forged, true), true],
    ['for somebody else', sealTo(elsewhere, true), true],
    ['with nothing in it', sealTo(empty, true), true],
  ]
  const { sealing } = toKey(crypto, boxes, false)
  const open = (bytes: Uint8Array, inMailbox: boolean) =>
    decodeLetter(
      crypto,
      openLetter(crypto, bytes, [{ sealing, shared: toKey(crypto, boxes, inMailbox).shared }]),
      receiver,
    )
  return {
    receiver: toHex(receiver),
    valid,
    invalid: refused.map(([why, bytes, inMailbox]) => ({
      why,
      entry: toHex(bytes),
      inMailbox,
      code: codeOf(() => open(bytes, inMailbox)),
    })),
  }
}
