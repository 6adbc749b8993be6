/** Builds that leak on purpose: what the comparison has to find. */
import { createPublicKey, constants, publicEncrypt } from 'node:crypto'
import { toBase64Url } from '@kith/core/bytes'
import type { Platform } from '@kith/core/ports'
import { type ClientMessage, clientMessageToFrame, frameToClientMessage, type PutItem } from '@kith/core/wire'
import type { Leak } from './scene.ts'

/** Only the pages of the story: whose joining nobody can open is no member. */
const storyBytesMin = 4_000

/** The platform, where `pass` decides what becomes of each frame to the hub. */
const sending = (
  platform: Platform,
  pass: (message: ClientMessage, send: (frame: Uint8Array) => void, frame: Uint8Array) => void,
): Platform => ({
  ...platform,
  network: {
    connect: (...of) => {
      const connection = platform.network.connect(...of)
      return { ...connection, send: (frame) => pass(frameToClientMessage(frame), connection.send, frame) }
    },
  },
})

const changePuts =
  (who: string, change: (entry: Uint8Array) => Uint8Array): Leak =>
  (actor, platform) =>
    sending(platform, (message, send, frame) => {
      if (actor !== who || message.type !== 'put') return send(frame)
      const puts = message.puts.map(
        (put): PutItem => ({
          ...put,
          entries: put.entries.map((entry) => (entry.length < storyBytesMin ? entry : change(entry))),
        }),
      )
      send(clientMessageToFrame({ ...message, puts }))
    })

export const leaks: Readonly<Record<string, () => Leak>> = {
  'a mark of one byte in what one of them writes': () =>
    changePuts('bob', (entry) => {
      const changed = entry.slice()
      changed[150] = 66
      return changed
    }),
  'bytes of an earlier entry in what one of them writes': () => {
    let heard: Uint8Array | undefined
    const note = changePuts('alice', (entry) => (heard = entry))
    const echo = changePuts('bob', (entry) => {
      const changed = entry.slice()
      if (heard) changed.set(heard.subarray(100, 120), 100)
      return changed
    })
    return (actor, platform, after) => (actor === 'alice' ? note : echo)(actor, platform, after)
  },
  'more padding': () => changePuts('bob', (entry) => new Uint8Array([...entry, ...new Uint8Array(32)])),
  'a pause before one of them writes': () => (actor, platform, after) =>
    sending(platform, ({ type }, send, frame) => {
      if (actor === 'bob' && type === 'put') after(40, () => send(frame))
      else send(frame)
    }),
  'a question before one of them writes': () => (actor, platform) =>
    sending(platform, ({ type }, send, frame) => {
      if (actor === 'bob' && type === 'put') send(clientMessageToFrame({ type: 'pull', request: 4_000_000, pulls: [] }))
      send(frame)
    }),
}

/** The same with tokens: each links what is spent with the member to whom it was issued. */
export const tokenLeaks: Readonly<Record<string, () => Leak>> = {
  'tokens whose nonces begin with the key of the member': () => (_, platform) => {
    const { randomBytes } = platform.crypto
    let member: Uint8Array | undefined
    const noted = sending(platform, (message, send, frame) => {
      if (message.type === 'join') ({ member } = message)
      if (message.type === 'issue') member = undefined
      send(frame)
    })
    const marked = (length: number): Uint8Array => {
      const bytes = randomBytes(length)
      if (member && length === 32) bytes.set(member.subarray(0, 16))
      return bytes
    }
    return { ...noted, crypto: { ...platform.crypto, randomBytes: marked } }
  },
  'tokens that are not blinded': () => (_, platform) => {
    const { blindRsa } = platform
    if (!blindRsa) return platform
    const blind: typeof blindRsa.blind = async (modulus, message) => {
      const { blinded, inverse } = await blindRsa.blind(modulus, message)
      return { blinded: unblind(modulus, blinded, inverse), inverse: toBytes(1n) }
    }
    return { ...platform, blindRsa: { ...blindRsa, blind } }
  },
}

/** Beside the channel, the hub that is meant is asked directly whether it is there. */
export const direct =
  (hubUrl: string): Leak =>
  (_, platform) => ({
    ...platform,
    network: {
      connect: (...of) => {
        const look = platform.network.connect(hubUrl, {
          opened: () => look.close(),
          received: () => {},
          closed: () => {},
        })
        return platform.network.connect(...of)
      },
    },
  })

/** Within the channel, a pause that tells which log is written to: who carries sees no word of that, but when it comes. */
export const pauseByLog: Leak = (_, platform, after) =>
  sending(platform, (message, send, frame) => {
    const [put] = message.type === 'put' ? message.puts : []
    const isStory = put?.entries.some(({ length }) => length >= storyBytesMin)
    if (isStory) after(put?.log[0] ?? 0, () => send(frame))
    else send(frame)
  })

/** The message that was blinded: times the inverse of the factor, to the public exponent. */
const unblind = (modulus: Uint8Array, blinded: Uint8Array, inverse: Uint8Array): Uint8Array => {
  const key = createPublicKey({ key: { kty: 'RSA', e: 'AQAB', n: toBase64Url(modulus) }, format: 'jwk' })
  const factor = publicEncrypt({ key, padding: constants.RSA_NO_PADDING }, inverse)
  return toBytes((toNumber(blinded) * toNumber(factor)) % toNumber(modulus))
}

const toNumber = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const toBytes = (number: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(number.toString(16).padStart(512, '0'), 'hex'))
