import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromHex, toHex } from '../../bytes/index.ts'
import { channelPieceBytesMax, frameBytesMax } from '../../limits/index.ts'
import { createSeededCrypto } from '@kith/testing/simulation'
import { answerHandshake, type ChannelKeys, startHandshake } from './noise.ts'
import { createFrameOpener, sealFrame } from './pieces.ts'
import { channelPrologue } from './purpose.ts'

/** Of cacophony (vectors/cacophony.txt, in the public domain), by which implementations of Noise check each other. */
const vector = {
  prologue: '4a6f686e2047616c74',
  initiatorEphemeral: '893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a',
  responderStatic: '4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893',
  responderStaticPublic: '31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62',
  responderEphemeral: 'bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b',
  messages: [
    [
      '4c756477696720766f6e204d69736573',
      'ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79448134d00711fdb390a0d178fa008f6d47d2891e5ea18ae136c3b4c23ac384efb0',
    ],
    [
      '4d757272617920526f746862617264',
      '95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088438ea16e3701bc0d77744f117bee22451c9afa7f4cdbbcff00c04a8ee0913c88',
    ],
    ['462e20412e20486179656b', 'a62de29ce27cb80245d440d986ed816c156e9d757d7008df2198b0'],
    ['4361726c204d656e676572', '174a35f11c689f4530d7208618e0564ae12f2f50ba8eb4df5382ff'],
    ['4a65616e2d426170746973746520536179', '337e475ebb8eae60f91974c4e455a5af38d1d8628d1803b160d60442874b0a1777'],
    [
      '457567656e2042f6686d20766f6e2042617765726b',
      '047e80e060b7bb08b53c5a23dfe9920cae135b9d1dc6302fc475003062723700366346ac9d',
    ],
  ],
} as const

const crypto = createSeededCrypto('channel')
const withEphemeral = (secretKey: string) => ({ ...crypto, randomBytes: () => fromHex(secretKey) })
const hub = {
  secretKey: fromHex(vector.responderStatic),
  publicKey: crypto.x25519PublicKey(fromHex(vector.responderStatic)),
}
const prologue = fromHex(vector.prologue)

test('the handshake and what follows are Noise_NK_25519_ChaChaPoly_SHA256 by the published vector, at both ends', () => {
  assert.equal(toHex(hub.publicKey), vector.responderStaticPublic)
  const [first, second, ...rest] = vector.messages
  const client = startHandshake(withEphemeral(vector.initiatorEphemeral), hub.publicKey, prologue, fromHex(first[0]))
  assert.equal(toHex(client.message), first[1])
  const answered = answerHandshake(
    withEphemeral(vector.responderEphemeral),
    hub,
    prologue,
    client.message,
    fromHex(second[0]),
  )
  assert.equal(toHex(answered.payload), first[0])
  assert.equal(toHex(answered.answer), second[1])
  const channel = client.finish(answered.answer)
  assert.equal(toHex(channel.payload), second[0])
  assert.deepEqual(channel.hash, answered.hash)
  // The first message after the handshake is the initiator's.
  for (const [at, [payload, sealed]] of rest.entries()) {
    const [from, to] = at % 2 === 0 ? [channel, answered] : [answered, channel]
    assert.equal(toHex(from.seal(fromHex(payload))), sealed)
    assert.equal(toHex(to.open(fromHex(sealed))), payload)
  }
})

const wrap = channelPrologue('wrap')
function establish(): [ChannelKeys, ChannelKeys] {
  const client = startHandshake(crypto, hub.publicKey, wrap)
  const answered = answerHandshake(crypto, hub, wrap, client.message)
  return [client.finish(answered.answer), answered]
}

test('no bit of the handshake can be altered, nor its purpose, nor its hub', () => {
  const client = startHandshake(crypto, hub.publicKey, wrap)
  const { answer } = answerHandshake(crypto, hub, wrap, client.message)
  for (let at = 0; at < client.message.length * 8; at += 1) {
    assert.throws(() => answerHandshake(crypto, hub, wrap, flip(client.message, at)), { code: 'channel-broken' })
    // A handshake is finished once: each attempt is one of its own.
    const again = startHandshake(crypto, hub.publicKey, wrap)
    const reply = answerHandshake(crypto, hub, wrap, again.message).answer
    assert.throws(() => again.finish(flip(reply, at)), { code: 'channel-broken' })
  }
  for (const length of [0, 31, 47]) {
    assert.throws(() => answerHandshake(crypto, hub, wrap, client.message.subarray(0, length)), {
      code: 'channel-broken',
    })
    assert.throws(() => client.finish(answer.subarray(0, length)), { code: 'channel-broken' })
  }
  assert.throws(() => answerHandshake(crypto, hub, channelPrologue('prove'), client.message), {
    code: 'channel-broken',
  })
  const secretKey = crypto.randomBytes(32)
  const other = { secretKey, publicKey: crypto.x25519PublicKey(secretKey) }
  assert.throws(() => answerHandshake(crypto, other, wrap, client.message), { code: 'channel-broken' })
  // Who only pretends to have the key answers with what it can make.
  const posed = { secretKey: other.secretKey, publicKey: hub.publicKey }
  assert.throws(() => answerHandshake(crypto, posed, wrap, client.message), { code: 'channel-broken' })
  assert.throws(() => startHandshake(crypto, new Uint8Array(32), wrap), { code: 'bad-key' })
})

test('a key of low order in either message is refused', () => {
  const weak = new Uint8Array(48)
  assert.throws(() => answerHandshake(crypto, hub, wrap, weak), { code: 'channel-broken' })
  assert.throws(() => startHandshake(crypto, hub.publicKey, wrap).finish(weak), { code: 'channel-broken' })
})

test('frames of any length come as they were sent, in pieces of few lengths', () => {
  const [client, server] = establish()
  const open = createFrameOpener(server.open)
  fc.assert(
    fc.property(fc.oneof(fc.nat(2000), fc.nat(200_000), fc.nat(frameBytesMax)), (length) => {
      const frame = Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff)
      const pieces = sealFrame(client.seal, frame)
      for (const piece of pieces) assert.ok(piece.length <= channelPieceBytesMax)
      const opened = pieces.map((piece) => open(piece))
      assert.ok(opened.slice(0, -1).every((none) => none === undefined))
      assert.ok(Buffer.from(opened.at(-1)!).equals(frame))
      const sent = pieces.reduce((sum, piece) => sum + piece.length, 0)
      assert.ok(sent <= Math.max(256, (length + 4) * 1.125) + 16 * pieces.length)
    }),
    { numRuns: 60 },
  )
  const sizes = new Set<number>()
  for (let length = 0; length < 10_000; length += 1)
    sizes.add(sealFrame((plain) => plain, new Uint8Array(length))[0]!.length)
  assert.equal(Math.min(...sizes), 256)
  assert.ok(sizes.size < 100, `${sizes.size} sizes`)
})

test('a piece that was altered, dropped, repeated, swapped or sent back ends the channel', () => {
  const frames = [1, 2, 3].map((first) => new Uint8Array(70_000).fill(first))
  const tamper: Readonly<Record<string, (pieces: Uint8Array[], own: Uint8Array) => Uint8Array[]>> = {
    altered: (pieces) => [flip(pieces[0]!, 12_345), ...pieces.slice(1)],
    'cut off': (pieces) => [pieces[0]!.subarray(0, 15), ...pieces.slice(1)],
    dropped: (pieces) => pieces.slice(1),
    'a later one dropped': (pieces) => [pieces[0]!, ...pieces.slice(2)],
    repeated: (pieces) => [pieces[0]!, ...pieces],
    swapped: (pieces) => [pieces[1]!, pieces[0]!, ...pieces.slice(2)],
    'sent back': (_, own) => [own],
  }
  for (const [what, alter] of Object.entries(tamper)) {
    const [client, server] = establish()
    const open = createFrameOpener(server.open)
    const pieces = frames.flatMap((frame) => sealFrame(client.seal, frame))
    const own = sealFrame(server.seal, new Uint8Array(9))[0]!
    const got: Uint8Array[] = []
    assert.throws(
      () => {
        for (const piece of alter(pieces, own)) {
          const frame = open(piece)
          if (frame !== undefined) got.push(frame)
        }
      },
      { code: 'channel-broken' },
      what,
    )
    assert.deepEqual(got, [], what)
    // What was true after it is of no use either.
    for (const piece of pieces) assert.throws(() => open(piece), { code: 'channel-broken' }, what)
  }
})

test('another end that pads otherwise, or names a length that nobody may send, is refused before memory is given to it', () => {
  const plainTo = (plain: Uint8Array) => {
    const [client, server] = establish()
    return () => createFrameOpener(server.open)(client.seal(plain))
  }
  const begin = (length: number, bytes: number): Uint8Array => {
    const plain = new Uint8Array(bytes)
    new DataView(plain.buffer).setUint32(0, length)
    return plain
  }
  assert.throws(plainTo(begin(2 ** 32 - 1, 256)), { code: 'too-large' })
  assert.throws(plainTo(new Uint8Array(3)), { code: 'bad-encoding' })
  assert.throws(plainTo(begin(10, 255)), { code: 'bad-encoding' })
  assert.throws(plainTo(begin(10, 257)), { code: 'bad-encoding' })
  assert.throws(plainTo(begin(10, 256).fill(1, 14, 15)), { code: 'bad-encoding' })
  assert.equal(plainTo(begin(10, 256))()?.length, 10)
})

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[bit >> 3]! ^= 1 << (bit & 7)
  return flipped
}
