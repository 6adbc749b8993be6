/**
 * libsodium's own WebAssembly, without the two thirds that Kith does not call: the package's is 135 KB compressed and its wrappers 16.
 * What is left is the same code, called as the wrappers call it.
 */
import type { Sodium } from '@kith/core/crypto/seal'

type Exports = {
  readonly memory: { readonly buffer: ArrayBuffer; readonly grow: (pages: number) => number }
  readonly malloc: (bytes: number) => number
  readonly free: (pointer: number) => void
  readonly sodium_init: () => number
  readonly crypto_sign_seed_keypair: (publicKey: number, privateKey: number, seed: number) => number
  readonly crypto_sign_detached: (...parameters: number[]) => number
  readonly crypto_sign_verify_detached: (...parameters: number[]) => number
  readonly crypto_scalarmult: (shared: number, secretKey: number, publicKey: number) => number
  readonly crypto_scalarmult_base: (publicKey: number, secretKey: number) => number
  readonly crypto_aead_xchacha20poly1305_ietf_encrypt: (...parameters: number[]) => number
  readonly crypto_aead_xchacha20poly1305_ietf_decrypt: (...parameters: number[]) => number
  readonly crypto_aead_chacha20poly1305_ietf_encrypt: (...parameters: number[]) => number
  readonly crypto_aead_chacha20poly1305_ietf_decrypt: (...parameters: number[]) => number
}

const sizes = { key: 32, privateKey: 64, signature: 64, nonce: 24, shortNonce: 12, tag: 16 } as const

/** Named here, for the vectors run this file in Node too, whose types do not name it. */
type WebAssemblyApi = {
  readonly instantiate: (bytes: ArrayBuffer, imports: object) => Promise<{ instance: { exports: unknown } }>
  readonly instantiateStreaming: (response: Response, imports: object) => Promise<{ instance: { exports: unknown } }>
}

/** Bundlers look for exactly this expression. A file of its own: base64 in a script compresses a fifth worse. */
const fetchSodium = (): Promise<Response> => fetch(new URL('./sodium.wasm', import.meta.url))

export const loadSodium = async (fetchWasm = fetchSodium): Promise<Sodium> => {
  let exports: Exports | undefined
  const { instance } = await instantiate(await fetchWasm(), { a: imports(() => exports as Exports) })
  const sodium = (exports = instance.exports as Exports)
  if (sodium.sodium_init() < 0) throw new Error('libsodium does not start.')

  /** Runs with room for inputs and one output; what was in it is wiped. Undefined where the library refuses. */
  const run = (
    inputs: readonly Uint8Array[],
    outputBytes: number,
    perform: (output: number, ...inputs: number[]) => number,
  ): Uint8Array | undefined => {
    const length = inputs.reduce((sum, input) => sum + input.length, outputBytes)
    const start = sodium.malloc(Math.max(length, 1))
    if (start === 0) throw new RangeError('There is no memory for this.')
    try {
      let at = start + outputBytes
      const places = inputs.map((input) => {
        new Uint8Array(sodium.memory.buffer).set(input, at)
        at += input.length
        return at - input.length
      })
      return perform(start, ...places) === 0
        ? new Uint8Array(sodium.memory.buffer).slice(start, start + outputBytes)
        : undefined
    } finally {
      new Uint8Array(sodium.memory.buffer).fill(0, start, start + length)
      sodium.free(start)
    }
  }
  const must = (result: Uint8Array | undefined): Uint8Array => {
    if (!result) throw new Error('libsodium refused its input.')
    return result
  }

  type Call = (...parameters: number[]) => number
  const encryptBy =
    (encrypt: Call, nonceBytes: number): Sodium['crypto_aead_xchacha20poly1305_ietf_encrypt'] =>
    (plain, associated, _none, nonce, key) => {
      checkLength(nonce, nonceBytes)
      checkLength(key, sizes.key)
      return must(
        run([plain, associated, nonce, key], plain.length + sizes.tag, (output, text, more, at, keyAt) =>
          encrypt(output, 0, text, plain.length, 0, more, associated.length, 0, 0, at, keyAt),
        ),
      )
    }
  const decryptBy =
    (decrypt: Call, nonceBytes: number): Sodium['crypto_aead_xchacha20poly1305_ietf_decrypt'] =>
    (_none, sealed, associated, nonce, key) => {
      checkLength(nonce, nonceBytes)
      checkLength(key, sizes.key)
      if (sealed.length < sizes.tag) throw new Error('Sealed bytes are too short.')
      return must(
        run([sealed, associated, nonce, key], sealed.length - sizes.tag, (output, at, more, nonceAt, keyAt) =>
          decrypt(output, 0, 0, at, sealed.length, 0, more, associated.length, 0, nonceAt, keyAt),
        ),
      )
    }

  return {
    crypto_sign_seed_keypair: (seed) => {
      checkLength(seed, sizes.key)
      const pair = must(
        run([seed], sizes.key + sizes.privateKey, (output, at) =>
          sodium.crypto_sign_seed_keypair(output, output + sizes.key, at),
        ),
      )
      return { publicKey: pair.slice(0, sizes.key), privateKey: pair.slice(sizes.key) }
    },
    crypto_sign_detached: (message, privateKey) => {
      checkLength(privateKey, sizes.privateKey)
      return must(
        run([message, privateKey], sizes.signature, (output, text, key) =>
          sodium.crypto_sign_detached(output, 0, text, message.length, 0, key),
        ),
      )
    },
    crypto_sign_verify_detached: (signature, message, publicKey) => {
      checkLength(signature, sizes.signature)
      checkLength(publicKey, sizes.key)
      return (
        run([signature, message, publicKey], 0, (_output, at, text, key) =>
          sodium.crypto_sign_verify_detached(at, text, message.length, 0, key),
        ) !== undefined
      )
    },
    crypto_scalarmult_base: (secretKey) => {
      checkLength(secretKey, sizes.key)
      return must(run([secretKey], sizes.key, (output, at) => sodium.crypto_scalarmult_base(output, at)))
    },
    crypto_scalarmult: (secretKey, publicKey) => {
      checkLength(secretKey, sizes.key)
      checkLength(publicKey, sizes.key)
      return must(
        run([secretKey, publicKey], sizes.key, (output, own, other) => sodium.crypto_scalarmult(output, own, other)),
      )
    },
    crypto_aead_xchacha20poly1305_ietf_encrypt: encryptBy(
      sodium.crypto_aead_xchacha20poly1305_ietf_encrypt,
      sizes.nonce,
    ),
    crypto_aead_xchacha20poly1305_ietf_decrypt: decryptBy(
      sodium.crypto_aead_xchacha20poly1305_ietf_decrypt,
      sizes.nonce,
    ),
    crypto_aead_chacha20poly1305_ietf_encrypt: encryptBy(
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt,
      sizes.shortNonce,
    ),
    crypto_aead_chacha20poly1305_ietf_decrypt: decryptBy(
      sodium.crypto_aead_chacha20poly1305_ietf_decrypt,
      sizes.shortNonce,
    ),
  }
}

/** Compiled while it comes, where the server calls it by its name: browsers refuse to do so otherwise. */
const instantiate = async (response: Response, imported: object): Promise<{ instance: { exports: unknown } }> => {
  if (!response.ok) throw new Error(`libsodium did not load: the server answered ${response.status}.`)
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WebAssemblyApi }
  return response.headers.get('content-type') === 'application/wasm'
    ? WebAssembly.instantiateStreaming(response, imported)
    : WebAssembly.instantiate(await response.arrayBuffer(), imported)
}

const checkLength = (bytes: Uint8Array, length: number): void => {
  if (bytes.length !== length) throw new TypeError(`libsodium needs ${length} bytes here.`)
}

/** What the module asks of its surroundings, by the names that its linker gave: a failed assertion, chance, an end, more memory. */
const imports = (exports: () => Exports) => ({
  a: () => {
    throw new Error('An assertion of libsodium failed.')
  },
  // Chance, by a 32-bit number; the first call only prepares it.
  b: () => crypto.getRandomValues(new Uint32Array(1))[0] as number,
  c: () => {
    throw new Error('libsodium gave up.')
  },
  d: (wanted: number): number => {
    const { memory } = exports()
    try {
      memory.grow(
        Math.ceil((Math.max(wanted >>> 0, memory.buffer.byteLength * 1.2) - memory.buffer.byteLength) / 65_536),
      )
      return 1
    } catch {
      return 0
    }
  },
})
