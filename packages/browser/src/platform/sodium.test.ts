import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import sodium from 'libsodium-wrappers'
import { sodiumModule } from '../testing/write-sodium.ts'
import { loadSodium } from './sodium.ts'

test('what we ship is libsodium of the lockfile without what is not called', () => {
  assert.equal(
    readFileSync(join(import.meta.dirname, 'sodium-wasm.ts'), 'utf8'),
    sodiumModule(),
    'run node packages/browser/src/testing/write-sodium.ts',
  )
})

test('it answers as the whole library does, for all lengths, beyond its first memory, and refuses the same', async () => {
  await sodium.ready
  const ours = await loadSodium()
  const bytes = (length: number, first: number): Uint8Array =>
    Uint8Array.from({ length }, (_, at) => (first + at * 7919) & 0xff)
  const [seed, nonce] = [bytes(32, 1), bytes(24, 2)]
  const pair = ours.crypto_sign_seed_keypair(seed)
  const theirs = sodium.crypto_sign_seed_keypair(seed)
  assert.deepEqual([pair.publicKey, pair.privateKey], [theirs.publicKey, theirs.privateKey])
  for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 255, 1000, 65_536, 40 * 1024 * 1024]) {
    const [plain, associated] = [bytes(length, 3), bytes(length % 97, 4)]
    const sealed = ours.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, associated, null, nonce, seed)
    const open = (data: Uint8Array) =>
      ours.crypto_aead_xchacha20poly1305_ietf_decrypt(null, data, associated, nonce, seed)
    assert(Buffer.from(open(sealed)).equals(plain))
    if (length > 100_000) continue
    assert.deepEqual(sealed, sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(plain, associated, null, nonce, seed))
    const signature = ours.crypto_sign_detached(plain, pair.privateKey)
    assert.deepEqual(signature, sodium.crypto_sign_detached(plain, pair.privateKey))
    assert(ours.crypto_sign_verify_detached(signature, plain, pair.publicKey))
    const other = Uint8Array.from(signature, (byte, at) => (at === 7 ? byte ^ 1 : byte))
    assert(!ours.crypto_sign_verify_detached(other, plain, pair.publicKey))
    assert.throws(() => open(Uint8Array.from(sealed, (byte, at) => (at === 0 ? byte ^ 1 : byte))))
  }
  assert.deepEqual(ours.crypto_scalarmult_base(seed), sodium.crypto_scalarmult_base(seed))
  assert.deepEqual(ours.crypto_scalarmult(seed, pair.publicKey), sodium.crypto_scalarmult(seed, pair.publicKey))
  assert.throws(() => ours.crypto_scalarmult(seed, new Uint8Array(32)))
  assert.throws(() => ours.crypto_sign_seed_keypair(seed.subarray(1)), TypeError)
})
