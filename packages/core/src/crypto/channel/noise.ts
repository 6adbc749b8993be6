/**
 * The handshake of Noise_NK_25519_ChaChaPoly_SHA256 (noiseprotocol.org, revision 34) over the platform's primitives. Names are the specification's.
 *
 *   NK:
 *     <- s           the hub's static key, which the client knows
 *     ...
 *     -> e, es       first message: 32 + 16 bytes and a payload
 *     <- e, ee       second message: 32 + 16 bytes and a payload
 *
 * The client shows no key of its own here: rights are proven inside, by signatures over the handshake's hash.
 */
import { assert, concatBytes, KithError, utf8 } from '../../bytes/index.ts'
import { hashBytes, keyBytes } from '../verify/index.ts'
import type { Channelling } from '../../ports/index.ts'
import { handshakeBytes, tagBytes } from './purpose.ts'

export type KeyPair = { readonly publicKey: Uint8Array; readonly secretKey: Uint8Array }

/** One direction of an established channel. Each call uses the next nonce, so order and number of messages are part of what is checked. */
export type Sealer = (plain: Uint8Array) => Uint8Array
/** Throws 'channel-broken' for anything but the next message of the other side. */
export type Opener = (sealed: Uint8Array) => Uint8Array

export type ChannelKeys = {
  /** The handshake's hash h, 32 bytes: both ends have the same, and no other channel has it. */
  readonly hash: Uint8Array
  readonly seal: Sealer
  readonly open: Opener
}

export type Initiator = {
  /** For the hub. */
  readonly message: Uint8Array
  /** Takes the hub's answer. Throws 'channel-broken' for one that the hub's key did not make. */
  readonly finish: (answer: Uint8Array) => ChannelKeys & { readonly payload: Uint8Array }
}

/** The client's side. Throws 'bad-key' for a hub key of low order. */
export function startHandshake(
  crypto: Channelling,
  hubKey: Uint8Array,
  prologue: Uint8Array,
  payload: Uint8Array = nothing,
): Initiator {
  const state = createSymmetricState(crypto, prologue, hubKey)
  const own = createKeyPair(crypto)
  state.mixHash(own.publicKey)
  state.mixKey(crypto.x25519(own.secretKey, hubKey))
  const message = concatBytes(own.publicKey, state.encryptAndHash(payload))
  return {
    message,
    finish(answer) {
      const [other, sealed] = splitMessage(answer)
      state.mixHash(other)
      state.mixKey(agree(crypto, own.secretKey, other))
      const answered = state.decryptAndHash(sealed)
      const [toHub, toClient] = state.split()
      return {
        payload: answered,
        hash: state.hash(),
        seal: createSealer(crypto, toHub),
        open: createOpener(crypto, toClient),
      }
    },
  }
}

/** The hub's side: its answer to the first message, and the channel. Throws 'channel-broken' for what was not made for this key and prologue. */
export function answerHandshake(
  crypto: Channelling,
  hub: KeyPair,
  prologue: Uint8Array,
  message: Uint8Array,
  payload: Uint8Array = nothing,
): ChannelKeys & { readonly answer: Uint8Array; readonly payload: Uint8Array } {
  const state = createSymmetricState(crypto, prologue, hub.publicKey)
  const [other, sealed] = splitMessage(message)
  state.mixHash(other)
  state.mixKey(agree(crypto, hub.secretKey, other))
  const asked = state.decryptAndHash(sealed)
  const own = createKeyPair(crypto)
  state.mixHash(own.publicKey)
  state.mixKey(agree(crypto, own.secretKey, other))
  const answer = concatBytes(own.publicKey, state.encryptAndHash(payload))
  const [toHub, toClient] = state.split()
  return {
    answer,
    payload: asked,
    hash: state.hash(),
    seal: createSealer(crypto, toClient),
    open: createOpener(crypto, toHub),
  }
}

export function channelBroken(): KithError {
  return new KithError(
    'channel-broken',
    'What came is not what the hub sent: whoever carries the connection altered, dropped or repeated something, or poses as the hub. Nothing of it was accepted.',
  )
}

const protocolName = utf8('Noise_NK_25519_ChaChaPoly_SHA256')
const nothing = new Uint8Array(0)

type SymmetricState = {
  readonly mixHash: (data: Uint8Array) => void
  readonly mixKey: (input: Uint8Array) => void
  readonly encryptAndHash: (plain: Uint8Array) => Uint8Array
  readonly decryptAndHash: (sealed: Uint8Array) => Uint8Array
  /** Keys of the two directions: initiator to responder first. */
  readonly split: () => [Uint8Array, Uint8Array]
  readonly hash: () => Uint8Array
}

/** With the prologue and the hub's key, which is the pre-message, mixed in. */
function createSymmetricState(crypto: Channelling, prologue: Uint8Array, hubKey: Uint8Array): SymmetricState {
  // A name of exactly HASHLEN bytes is the first hash as it stands.
  assert(protocolName.length === hashBytes, 'the name of the protocol has the length of a hash')
  let h: Uint8Array = protocolName
  let chainingKey: Uint8Array = protocolName
  let key: Uint8Array = nothing
  const mixHash = (data: Uint8Array): void => {
    h = crypto.sha256(concatBytes(h, data))
  }
  // Noise's HKDF is RFC 5869 with the chaining key as salt and no info.
  const derive = (input: Uint8Array): [Uint8Array, Uint8Array] => {
    const output = crypto.hkdfSha256(input, chainingKey, nothing, 2 * hashBytes)
    return [output.slice(0, hashBytes), output.slice(hashBytes)]
  }
  mixHash(prologue)
  mixHash(hubKey)
  return {
    mixHash,
    mixKey(input) {
      ;[chainingKey, key] = derive(input)
    },
    // In NK each key seals one payload only, so that the nonce is always 0.
    encryptAndHash(plain) {
      const sealed = crypto.channelSeal(key, toNonce(0), plain, h)
      mixHash(sealed)
      return sealed
    },
    decryptAndHash(sealed) {
      const plain = crypto.channelOpen(key, toNonce(0), sealed, h)
      if (plain === undefined) throw channelBroken()
      mixHash(sealed)
      return plain
    },
    split: () => derive(nothing),
    hash: () => h,
  }
}

function createSealer(crypto: Channelling, key: Uint8Array): Sealer {
  let n = 0
  return (plain) => crypto.channelSeal(key, toNonce(n++), plain, nothing)
}

function createOpener(crypto: Channelling, key: Uint8Array): Opener {
  let n = 0
  let isBroken = false
  return (sealed) => {
    const plain =
      isBroken || sealed.length < tagBytes ? undefined : crypto.channelOpen(key, toNonce(n++), sealed, nothing)
    // Once something was wrong, nothing that follows is in its place.
    isBroken = plain === undefined
    if (plain === undefined) throw channelBroken()
    return plain
  }
}

/** 32 bits of zeros and the number in little-endian. */
function toNonce(n: number): Uint8Array {
  assert(Number.isSafeInteger(n), 'a channel ends before its nonces do')
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setBigUint64(4, BigInt(n), true)
  return nonce
}

function splitMessage(message: Uint8Array): [Uint8Array, Uint8Array] {
  if (message.length < handshakeBytes) throw channelBroken()
  return [message.slice(0, keyBytes), message.subarray(keyBytes)]
}

/** A key of low order from outside ends the handshake like any other bytes that are wrong. */
function agree(crypto: Channelling, secretKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  try {
    return crypto.x25519(secretKey, publicKey)
  } catch (cause) {
    if (cause instanceof KithError) throw channelBroken()
    throw cause
  }
}

function createKeyPair(crypto: Channelling): KeyPair {
  const secretKey = crypto.randomBytes(keyBytes)
  return { publicKey: crypto.x25519PublicKey(secretKey), secretKey }
}
