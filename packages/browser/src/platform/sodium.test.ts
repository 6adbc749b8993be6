import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createSodiumCrypto, loadSodiumWrappers } from '@kith/core/crypto/seal'
import { loadSodiumFile, sodiumFile } from '../testing/sodium-file.ts'
import { sodiumModule } from '../testing/write-sodium.ts'
import { loadSodium } from './sodium.ts'

test('what we ship is libsodium of the lockfile without what is not called', () => {
  assert(readFileSync(sodiumFile).equals(sodiumModule()), 'run node packages/browser/src/testing/write-sodium.ts')
})

test('it loads from a server that does not know its type, and says so where there is none', async () => {
  const seed = new Uint8Array(32).fill(7)
  const plain = await createSodiumCrypto(() => loadSodiumFile('application/octet-stream'))
  assert.deepEqual(plain.ed25519PublicKey(seed), (await createSodiumCrypto(loadSodiumFile)).ed25519PublicKey(seed))
  await assert.rejects(
    loadSodium(async () => new Response('nothing', { status: 404 })),
    /did not load.*404/,
  )
})

test('it answers as the whole library does, for all lengths, beyond its first memory, and refuses the same', async () => {
  const [whole, ours] = [await createSodiumCrypto(loadSodiumWrappers), await createSodiumCrypto(loadSodiumFile)]
  const bytes = (length: number, first: number): Uint8Array =>
    Uint8Array.from({ length }, (_, at) => (first + at * 7919) & 0xff)
  const flipped = (data: Uint8Array): Uint8Array => Uint8Array.from(data, (byte, at) => (at === 7 ? byte ^ 1 : byte))
  const [seed, nonce] = [bytes(32, 1), bytes(24, 2)]
  const publicKey = ours.ed25519PublicKey(seed)
  assert.deepEqual(publicKey, whole.ed25519PublicKey(seed))
  for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 255, 1000, 65_536, 20 * 1024 * 1024]) {
    const [plain, associated] = [bytes(length, 3), bytes(length % 97, 4)]
    const sealed = ours.aeadSeal(seed, nonce, plain, associated)
    assert(Buffer.from(ours.aeadOpen(seed, nonce, sealed, associated) ?? []).equals(plain))
    if (length > 100_000) continue
    assert.deepEqual(sealed, whole.aeadSeal(seed, nonce, plain, associated))
    assert.equal(ours.aeadOpen(seed, nonce, flipped(sealed), associated), undefined)
    const signature = ours.ed25519Sign(plain, seed)
    assert.deepEqual(signature, whole.ed25519Sign(plain, seed))
    assert(ours.ed25519Verify(signature, plain, publicKey))
    assert(!ours.ed25519Verify(flipped(signature), plain, publicKey))
  }
  assert.deepEqual(ours.x25519PublicKey(seed), whole.x25519PublicKey(seed))
  assert.deepEqual(ours.x25519(seed, publicKey), whole.x25519(seed, publicKey))
  assert.throws(() => ours.x25519(seed, new Uint8Array(32)), { code: 'bad-key' })
})
