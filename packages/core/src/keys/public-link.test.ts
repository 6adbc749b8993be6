import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { encodeCbor, KithError, labelled, toBase64Url } from '../bytes/index.ts'
import { seedToSigningKey } from '../crypto/sign/index.ts'
import { linkHubsMax } from '../limits/index.ts'
import { formatPublicLink, isPublicLink, parseCard, parseLink, parsePublicLink, type PublicLink } from './index.ts'

const crypto = await createNodeCrypto()
const keyOf = (fill: number): Uint8Array => seedToSigningKey(crypto, new Uint8Array(32).fill(fill)).publicKey
const link: PublicLink = {
  space: new Uint8Array(32).fill(1),
  appHash: new Uint8Array(8).fill(2),
  epoch: new Uint8Array(32).fill(3),
  readSecret: new Uint8Array(32).fill(4),
  logWriteKey: keyOf(5),
  logAdminKey: keyOf(6),
  hubs: [{ key: new Uint8Array(32).fill(7), url: 'wss://hub.example' }],
}
const text = formatPublicLink(crypto, link)

const seal = (value: Parameters<typeof encodeCbor>[0]): string => {
  const payload = encodeCbor(value)
  const sum = crypto.sha256(labelled('kith/1 public link', payload)).subarray(0, 4)
  return `kith:public:${toBase64Url(new Uint8Array([...payload, ...sum]))}`
}

test('a public link says what it was made of, also behind a web address, and is none of the other kinds', () => {
  assert.deepEqual(parsePublicLink(crypto, ` https://example.org/a#${text}\n`), link)
  const withoutAdmin = { ...link, logAdminKey: undefined, hubs: [] }
  assert.deepEqual(parsePublicLink(crypto, formatPublicLink(crypto, withoutAdmin)), withoutAdmin)
  assert.ok(isPublicLink(text))
  assert.throws(() => parseLink(crypto, text), { code: 'bad-link' })
  assert.throws(() => parseCard(crypto, text), { code: 'bad-card' })
  const many = { ...link, hubs: Array.from({ length: linkHubsMax + 3 }, () => link.hubs[0] as PublicLink['hubs'][0]) }
  assert.equal(parsePublicLink(crypto, formatPublicLink(crypto, many)).hubs.length, linkHubsMax)
})

test('what is not whole, or no link of this version, is refused with a reason', () => {
  const { space, appHash, epoch, readSecret, logWriteKey } = link
  const fields = [space, appHash, epoch, readSecret, logWriteKey, new Uint8Array(0), []]
  assert.equal(parsePublicLink(crypto, seal([1, ...fields])).logAdminKey, undefined)
  assert.throws(() => parsePublicLink(crypto, seal([2, ...fields])), { code: 'protocol-version' })
  const wrong = [
    'kith:public:',
    text.slice(0, -1),
    seal([1, ...fields, 1]),
    seal([1, ...fields.slice(0, -1), [[space]]]),
    // A key of low order is nobody's.
    seal([1, space, appHash, epoch, readSecret, new Uint8Array(32), new Uint8Array(0), []]),
    seal([1, space, appHash, epoch, readSecret, logWriteKey, space.subarray(1), []]),
  ]
  for (const one of wrong) assert.throws(() => parsePublicLink(crypto, one), { code: 'bad-link' }, one)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('A', 'b', '0', ':', ' '), (at, letter) => {
      const other = text.slice(0, at) + letter + text.slice(at + 1)
      if (other === text) return
      assert.throws(
        () => parsePublicLink(crypto, other),
        (cause) => cause instanceof KithError,
      )
    }),
  )
})
