import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, toHex } from '@kith/core/bytes'
import { createBlindRsa } from '@kith/core/crypto/blind'
import {
  bytesToToken,
  modulusToSpki,
  tokenKeyId,
  tokenRequestToBlinded,
  tokenToBytes,
  tokenToInput,
  toTokenRequest,
} from '@kith/core/wire'
import { nodeVerifying } from '../node-crypto.ts'
import { createTokenRsa, createTokenSecret } from './token-rsa.ts'

type Vector = Record<'challenge' | 'nonce' | 'blind' | 'salt' | 'request' | 'response' | 'token', string>

const path = '../../../../vectors/privacy-pass/rfc9578-type-2.json'
const { skS, pkS, vectors } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
  skS: string
  pkS: string
  vectors: Vector[]
}
const pem = Buffer.from(skS, 'hex').toString()
const rsa = createTokenRsa(new Uint8Array(createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })))
const blindRsa = createBlindRsa(crypto.subtle)

for (const [at, vector] of vectors.entries()) {
  test(`RFC 9578, token type 2, test vector ${at + 1}: request, blind signature, token`, async (context) => {
    assert.equal(toHex(modulusToSpki(rsa.modulus)), pkS)
    const keyId = tokenKeyId(nodeVerifying, rsa.modulus)
    const challengeDigest = nodeVerifying.sha256(fromHex(vector.challenge))
    const input = { nonce: fromHex(vector.nonce), challengeDigest, keyId }
    // What the client's library draws, in order.
    const drawn = [vector.salt, vector.blind].map(fromHex)
    const draw = context.mock.method(crypto, 'getRandomValues', (into: Uint8Array) => {
      into.set(drawn.shift()!)
      return into
    })
    const { blinded, inverse } = await blindRsa.blind(rsa.modulus, tokenToInput(input))
    draw.mock.restore()
    assert.equal(drawn.length, 0)
    const request = toTokenRequest(keyId, blinded)
    assert.equal(toHex(request), vector.request)
    const response = rsa.blindSign(tokenRequestToBlinded(request, keyId)!)!
    assert.equal(toHex(response), vector.response)
    const authenticator = await blindRsa.finalize(rsa.modulus, tokenToInput(input), response, inverse)
    const token = tokenToBytes({ ...input, authenticator: authenticator! })
    assert.equal(toHex(token), vector.token)
    const read = bytesToToken(token)!
    assert.ok(rsa.isSigned(tokenToInput(read), read.authenticator))
  })
}

test('what is not below the modulus is not signed; what another key signed is neither good nor finished', async () => {
  assert.equal(rsa.blindSign(new Uint8Array(256).fill(255)), undefined)
  assert.equal(rsa.blindSign(rsa.modulus), undefined)
  assert.equal(rsa.blindSign(new Uint8Array(255).fill(1)), undefined)
  const other = createTokenRsa(await createTokenSecret())
  const message = new Uint8Array(98).fill(7)
  const { blinded, inverse } = await blindRsa.blind(rsa.modulus, message)
  // It may be above the other modulus.
  const wrong = other.blindSign(blinded) ?? new Uint8Array(256).fill(1)
  assert.equal(await blindRsa.finalize(rsa.modulus, message, wrong, inverse), undefined)
  const signature = await blindRsa.finalize(rsa.modulus, message, rsa.blindSign(blinded)!, inverse)
  assert.ok(rsa.isSigned(message, signature!))
  assert.ok(!other.isSigned(message, signature!))
  for (const at of [0, 128, 255]) {
    const bent = signature!.slice()
    bent[at]! ^= 1
    assert.ok(!rsa.isSigned(message, bent))
  }
  assert.ok(!rsa.isSigned(message, signature!.subarray(1)))
})
