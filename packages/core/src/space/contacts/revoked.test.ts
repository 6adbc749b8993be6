import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../../node/src/platform/crypto.ts'
import { type Change, kinds } from '../../change/index.ts'
import { createSigningKey } from '../../crypto/sign/index.ts'
import { chainStart, createChainWriter, createLineage, createPerson, openLineage } from '../../keys/index.ts'
import { encodeAdmission, encodeRemoval } from '../../membership/index.ts'
import { isRevoked } from './revoked.ts'

const crypto = await createNodeCrypto()
const nowMs = 1_795_000_000_000

/** A phone that admitted a laptop, which admitted a tablet; then the phone revoked the laptop, without having heard of the tablet or after. */
const tell = (knowsTablet: boolean) => {
  const person = createPerson(crypto, { last: { ms: 0, counter: 0 }, nowMs })
  const id = person.secrets.person
  const phone = createChainWriter(crypto, person.secrets.device.signing, person.end, nowMs)
  const admit = (device: Uint8Array) => ({
    salt: crypto.randomBytes(16),
    device,
    deviceSealing: crypto.x25519PublicKey(crypto.randomBytes(32)),
    tags: [],
  })
  const [laptopKey, tabletKey] = [createSigningKey(crypto), createSigningKey(crypto)]
  const laptop = phone.write(kinds.admission, encodeAdmission(admit(laptopKey.publicKey)), person.heads)
  const laptopWriter = createChainWriter(
    crypto,
    laptopKey,
    { ...chainStart(laptop.header.time, laptop.hash), space: id, grant: laptop.hash },
    nowMs,
  )
  const tablet = laptopWriter.write(kinds.admission, encodeAdmission(admit(tabletKey.publicKey)), [laptop.hash])
  const before = [person.segment, phone.sign(), laptopWriter.sign()]
  const cut = knowsTablet ? [tablet.hash] : []
  const removal = encodeRemoval({ salt: crypto.randomBytes(16), grants: [laptop.hash], cut, replacement: undefined })
  const later = createChainWriter(crypto, person.secrets.device.signing, phone.end(), nowMs)
  const revocation = later.write(kinds.removal, removal, [laptop.hash, ...cut])
  const lineageOf = (admission: Uint8Array) => openLineage(crypto, createLineage(id, admission, before))
  return {
    revocation,
    tablet,
    changes: before.flatMap(({ changes }) => changes),
    phone: lineageOf(id),
    laptop: lineageOf(laptop.hash),
    tabletLineage: lineageOf(tablet.hash),
  }
}

test('letters of a revoked device are refused by whoever knows of the revocation, and by nobody else', () => {
  const { revocation, changes, phone, laptop } = tell(true)
  const after: Change[] = [...changes, revocation]
  assert.deepEqual([isRevoked(crypto, laptop, []), isRevoked(crypto, laptop, changes)], [false, false])
  assert.deepEqual([isRevoked(crypto, laptop, after), isRevoked(crypto, phone, after)], [true, false])
})

test('a device that the revoked one admitted before is trusted, one that it admitted behind the back of its person is not', () => {
  const known = tell(true)
  assert.equal(isRevoked(crypto, known.tabletLineage, [...known.changes, known.revocation]), false)
  const unknown = tell(false)
  const withoutTablet = unknown.changes.filter((change) => change !== unknown.tablet)
  assert.equal(isRevoked(crypto, unknown.tabletLineage, [...withoutTablet, unknown.revocation]), true)
  assert.equal(isRevoked(crypto, unknown.tabletLineage, [...unknown.changes, unknown.revocation]), true)
})
