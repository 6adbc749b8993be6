/** Writes platform/sodium.wasm from the libsodium package: `node packages/browser/src/testing/write-sodium.ts`. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { sodiumFile } from './sodium-file.ts'
import { subsetOfWasm } from './wasm-subset.ts'

const functions = [
  'malloc',
  'free',
  'sodium_init',
  'crypto_sign_seed_keypair',
  'crypto_sign_detached',
  'crypto_sign_verify_detached',
  'crypto_scalarmult',
  'crypto_scalarmult_base',
  'crypto_aead_xchacha20poly1305_ietf_encrypt',
  'crypto_aead_xchacha20poly1305_ietf_decrypt',
  'crypto_aead_chacha20poly1305_ietf_encrypt',
  'crypto_aead_chacha20poly1305_ietf_decrypt',
]

/** The file's bytes, from what is in node_modules. */
export const sodiumModule = (): Uint8Array => {
  const glue = readFileSync(fileURLToPath(import.meta.resolve('libsodium')), 'utf8')
  const [encoded] = glue.match(/[A-Za-z0-9+/=]{100000,}/) ?? []
  const memory = /\bd=A\.(\w+),A\.__indirect_function_table/.exec(glue)?.[1]
  assert(encoded && memory, 'libsodium has another form than its last version')
  const names = new Map([[memory, 'memory']])
  for (const name of functions) {
    const short = new RegExp(`g\\._${name}=A\\.([\\w$]+)`).exec(glue)?.[1]
    assert(short, `libsodium has no ${name}`)
    names.set(short, name)
  }
  return subsetOfWasm(Buffer.from(encoded, 'base64'), names)
}

if (import.meta.main) writeFileSync(sodiumFile, sodiumModule())
