import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { decodeCbor, encodeCbor, KithError } from '../bytes/index.ts'
import type { Member, Membership, Rank } from '../membership/index.ts'
import { readClaim, signClaim } from './pack-claim.ts'

const crypto = await createNodeCrypto()
const seed = crypto.randomBytes(32)
const device = { seed, publicKey: crypto.ed25519PublicKey(seed) }
const place = { log: crypto.randomBytes(32), hubKey: crypto.randomBytes(32), generation: crypto.randomBytes(16) }
const claim = { place, numbers: { low: 3, high: 700 } }

const membershipOf = (rank: Rank, key = device.publicKey): Membership =>
  ({ members: () => [{ rank, devices: [{ device: key }] } as unknown as Member] }) as unknown as Membership
const writer = membershipOf('writer')
const payload = signClaim(crypto, device, claim)

test('a member who may write is believed about this log, hub and generation, and nobody else', () => {
  assert.deepEqual(readClaim(crypto, writer, payload, place), claim)
  assert.deepEqual(readClaim(crypto, membershipOf('owner'), payload, place), claim)
  assert.equal(readClaim(crypto, membershipOf('reader'), payload, place), undefined)
  assert.equal(readClaim(crypto, membershipOf('writer', crypto.randomBytes(32)), payload, place), undefined)
  for (const other of ['hubKey', 'generation'] as const)
    assert.equal(readClaim(crypto, writer, payload, { ...place, [other]: crypto.randomBytes(32) }), undefined)
  const elsewhere = { ...place, log: crypto.randomBytes(32) }
  assert.throws(() => readClaim(crypto, writer, payload, elsewhere), { code: 'bad-signature' })
})

test('whoever changes a number needs the signature of a device', () => {
  const fields = decodeCbor(payload) as (Uint8Array | number)[]
  const changed = encodeCbor([...fields.slice(0, 3), 701, ...fields.slice(4)])
  assert.throws(() => readClaim(crypto, writer, changed, place), { code: 'bad-signature' })
  const backwards = encodeCbor([...fields.slice(0, 2), 9, 8, ...fields.slice(4)])
  assert.throws(() => readClaim(crypto, writer, backwards, place), { code: 'bad-encoding' })
})

test('what is no claim is refused with a typed error', () => {
  const damaged = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .tuple(fc.nat({ max: payload.length - 1 }), fc.integer({ min: 1, max: 255 }))
      .map(([at, by]) => payload.map((byte, index) => (index === at ? byte ^ by : byte))),
  )
  fc.assert(
    fc.property(damaged, (bytes) => {
      try {
        assert.notDeepEqual(readClaim(crypto, writer, bytes, place), claim)
      } catch (cause) {
        assert.ok(cause instanceof KithError && ['bad-encoding', 'bad-signature'].includes(cause.code))
      }
    }),
  )
})
