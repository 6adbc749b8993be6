/** Runs Wycheproof's tests of the primitives of suite 1 against an adapter of the `Crypto` port. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes, equalBytes, fromHex, KithError, toHex } from '../../packages/core/src/bytes/index.ts'
import type { Crypto } from '../../packages/core/src/ports/index.ts'
import { readWycheproof, type WycheproofGroup, type WycheproofTest } from './read.ts'

export function testWycheproof(createCrypto: () => Promise<Crypto>): void {
  suite('ed25519', ed25519)
  suite('x25519', x25519)
  suite('hkdf_sha256', hkdf)
  suite('hmac_sha256', hmac)
  suite('xchacha20_poly1305', xchacha)

  function suite(name: string, run: (crypto: Crypto, one: WycheproofTest, group: WycheproofGroup) => void): void {
    test(`Wycheproof's ${name} holds`, async (context) => {
      const crypto = await createCrypto()
      const { groups, isSubset } = readWycheproof(name)
      let count = 0
      for (const group of groups) {
        for (const one of group.tests) {
          try {
            run(crypto, one, group)
          } catch (cause) {
            throw new Error(`${name} test ${one.tcId} (${one.result}: ${one.comment})`, { cause })
          }
          count += 1
        }
      }
      assert.ok(count > 10, 'some tests ran')
      const source = isSubset ? 'the subset in vectors/wycheproof, for ../shared/data is not here' : 'the whole file'
      context.diagnostic(`Wycheproof ${name}: ${count} tests of ${source}`)
    })
  }
}

function ed25519(crypto: Crypto, one: WycheproofTest, group: WycheproofGroup): void {
  const verdict = crypto.ed25519Verify(hex(one, 'sig'), hex(one, 'msg'), fromHex(group.publicKey.pk))
  assert.equal(verdict, one.result === 'valid')
}

/** "Acceptable" are non-canonical and twisted points: RFC 7748 computes them, and refuses only the all-zero result. */
function x25519(crypto: Crypto, one: WycheproofTest): void {
  const shared = hex(one, 'shared')
  const run = (): Uint8Array => crypto.x25519(hex(one, 'private'), hex(one, 'public'))
  if (shared.every((byte) => byte === 0)) assert.throws(run, isBadKey)
  else assert.equal(toHex(run()), toHex(shared))
}

function hkdf(crypto: Crypto, one: WycheproofTest): void {
  const run = (): Uint8Array => crypto.hkdfSha256(hex(one, 'ikm'), hex(one, 'salt'), hex(one, 'info'), Number(one.size))
  if (one.result === 'valid') assert.equal(toHex(run()), one.okm)
  else assert.throws(run)
}

function hmac(crypto: Crypto, one: WycheproofTest): void {
  const tag = hex(one, 'tag')
  const computed = crypto.hmacSha256(hex(one, 'key'), hex(one, 'msg')).subarray(0, tag.length)
  assert.equal(equalBytes(computed, tag), one.result === 'valid')
}

function xchacha(crypto: Crypto, one: WycheproofTest): void {
  const [key, nonce, plain, associated] = [hex(one, 'key'), hex(one, 'iv'), hex(one, 'msg'), hex(one, 'aad')]
  const sealed = concatBytes(hex(one, 'ct'), hex(one, 'tag'))
  if (one.flags.includes('InvalidNonceSize')) {
    assert.throws(() => crypto.aeadOpen(key, nonce, sealed, associated))
  } else if (one.result === 'valid') {
    assert.equal(toHex(crypto.aeadSeal(key, nonce, plain, associated)), toHex(sealed))
    assert.equal(toHex(crypto.aeadOpen(key, nonce, sealed, associated) as Uint8Array), toHex(plain))
  } else {
    assert.equal(crypto.aeadOpen(key, nonce, sealed, associated), undefined)
  }
}

function hex(one: WycheproofTest, field: string): Uint8Array {
  return fromHex(String(one[field]))
}

function isBadKey(error: unknown): boolean {
  return error instanceof KithError && error.code === 'bad-key'
}
