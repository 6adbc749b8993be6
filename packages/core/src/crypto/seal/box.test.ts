import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBrowserCrypto } from '../../../../browser/src/platform/crypto.ts'
import { loadSodiumFile } from '../../../../browser/src/testing/sodium-file.ts'
import { createNodeCrypto } from '../../../../node/src/platform/crypto.ts'
import { utf8 } from '../../bytes/index.ts'
import { boxBytes, deriveKey, openBox, sealBoxes } from './index.ts'

const crypto = await createNodeCrypto()
const context = utf8('a space and a record')

function createRecipients(count: number) {
  return Array.from({ length: count }, () => {
    const secretKey = crypto.randomBytes(32)
    return { secretKey, publicKey: crypto.x25519PublicKey(secretKey), secret: crypto.randomBytes(32) }
  })
}

test('each recipient opens its own box, on the other platform too', async () => {
  const browserCrypto = await createBrowserCrypto(() => loadSodiumFile())
  const recipients = createRecipients(5)
  const { ephemeral, boxes } = sealBoxes(crypto, context, recipients)
  recipients.forEach(({ secretKey, secret }, index) => {
    const box = boxes[index]!
    assert.equal(box.length, boxBytes)
    assert.deepEqual(openBox(browserCrypto, context, { ephemeral, box, index }, secretKey), secret)
  })
})

test('a box does not open for another key, at another place, in another context or altered', () => {
  const [alice, bob] = createRecipients(2) as [Recipient, Recipient]
  // Bob is given Alice's secret as well, so that only key, place and context can tell the boxes apart.
  const { ephemeral, boxes } = sealBoxes(crypto, context, [alice, { ...bob, secret: alice.secret }])
  const box = boxes[0]!
  assert.throws(() => openBox(crypto, context, { ephemeral, box, index: 0 }, bob.secretKey), { code: 'cannot-open' })
  assert.throws(() => openBox(crypto, context, { ephemeral, box, index: 1 }, alice.secretKey), { code: 'cannot-open' })
  assert.throws(() => openBox(crypto, utf8('x'), { ephemeral, box, index: 0 }, alice.secretKey), {
    code: 'cannot-open',
  })
  const other = crypto.x25519PublicKey(crypto.randomBytes(32))
  assert.throws(() => openBox(crypto, context, { ephemeral: other, box, index: 0 }, alice.secretKey), {
    code: 'cannot-open',
  })
  for (let at = 0; at < boxBytes; at += 1) {
    const altered = Uint8Array.from(box)
    altered[at]! ^= 1
    assert.throws(() => openBox(crypto, context, { ephemeral, box: altered, index: 0 }, alice.secretKey), {
      code: 'cannot-open',
    })
  }
})

test('malformed boxes and unusable keys are typed errors', () => {
  const [alice] = createRecipients(1) as [Recipient]
  const { ephemeral, boxes } = sealBoxes(crypto, context, [alice])
  const zero = new Uint8Array(32)
  assert.throws(() => sealBoxes(crypto, context, [{ publicKey: zero, secret: zero }]), { code: 'bad-key' })
  assert.throws(() => openBox(crypto, context, { ephemeral: zero, box: boxes[0]!, index: 0 }, alice.secretKey), {
    code: 'bad-key',
  })
  for (const length of [0, 47, 49]) {
    const box = new Uint8Array(length)
    assert.throws(() => openBox(crypto, context, { ephemeral, box, index: 0 }, alice.secretKey), {
      code: 'bad-encoding',
    })
  }
})

test('keys for different purposes differ', () => {
  const secret = new Uint8Array(32).fill(1)
  const key = deriveKey(crypto, secret, 32, 'kith/1 a')
  assert.equal(key.length, 32)
  assert.notDeepEqual(key, deriveKey(crypto, secret, 32, 'kith/1 b'))
  assert.notDeepEqual(key, deriveKey(crypto, secret, 32, 'kith/1 a', Uint8Array.of(0)))
})

type Recipient = ReturnType<typeof createRecipients>[number]
