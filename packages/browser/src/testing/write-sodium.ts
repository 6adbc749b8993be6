/** Writes platform/sodium-wasm.ts from the libsodium package: `node packages/browser/src/testing/write-sodium.ts`. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
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
]

const target = join(import.meta.dirname, '../platform/sodium-wasm.ts')

/** The text of the file, from what is in node_modules. */
export const sodiumModule = (): string => {
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
  const wasm = subsetOfWasm(Buffer.from(encoded, 'base64'), names)
  return `/** libsodium's WebAssembly without what Kith does not call. Written by testing/write-sodium.ts; do not edit. */
export const sodiumWasm =
  '${Buffer.from(wasm).toString('base64')}'
`
}

if (import.meta.main) writeFileSync(target, sodiumModule())
