import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import type { EpochBody } from '../membership/index.ts'
import { policyToLogId } from '../wire/index.ts'
import { createEpoch } from './epoch.ts'
import { type EpochKeys, secretsToKeys } from './epoch-keys.ts'
import { createLinks, type LinkedKeys, openLinks } from './epoch-links.ts'

const crypto = await createNodeCrypto()
const space = crypto.randomBytes(32)

type Made = { readonly hash: Uint8Array; readonly keys: EpochKeys; readonly links: EpochBody['links'] }

/** An epoch that links these; the hash of its record is any. */
const begin = (older: readonly Made[], isHidden = false): Made => {
  const { secrets, body } = createEpoch(crypto, space, 'admin', [], (fresh) => ({
    links: createLinks(crypto, space, fresh, older, isHidden),
  }))
  return { hash: crypto.randomBytes(32), keys: secretsToKeys(crypto, secrets, body.policy), links: body.links }
}

const follow = (from: { readonly keys: EpochKeys | LinkedKeys; readonly links: EpochBody['links'] }): LinkedKeys => {
  const [linked] = openLinks(crypto, space, from.keys, from.links)
  assert.ok(linked)
  return linked.keys
}

test('who knows the newest epoch finds the way to the first, and can read all and write nothing', () => {
  const first = begin([])
  const second = begin([first])
  const third = begin([second])
  const toSecond = follow(third)
  const toFirst = follow({ keys: toSecond, links: second.links })
  assert.deepEqual(toFirst.content, first.keys.content)
  assert.deepEqual(toFirst.membership, first.keys.membership)
  assert.deepEqual(policyToLogId(toFirst.log.policy, crypto), policyToLogId(first.keys.log.policy, crypto))
  assert.deepEqual(toFirst.log.read, first.keys.log.read)
  assert.equal(toFirst.log.write, undefined)
  assert.equal(toFirst.door, undefined)
})

test('where history is hidden, no link leads to older content, however long the chain', () => {
  const first = begin([])
  const second = begin([first])
  const third = begin([second], true)
  const fourth = begin([third])
  const toThird = follow(fourth)
  assert.deepEqual(toThird.content, third.keys.content)
  const toSecond = follow({ keys: toThird, links: third.links })
  assert.equal(toSecond.content, undefined)
  assert.deepEqual(toSecond.membership, second.keys.membership)
  const toFirst = follow({ keys: toSecond, links: second.links })
  assert.equal(toFirst.content, undefined, 'the link from the second shows it, under a key that nobody was given')
  assert.deepEqual(toFirst.membership, first.keys.membership)
})

test('a link that is damaged, or for another space or epoch, is left out', () => {
  const first = begin([])
  const other = begin([])
  const second = begin([first, other])
  const [link] = second.links
  assert.ok(link)
  const damaged = Uint8Array.from(link.sealed)
  damaged[40] = (damaged[40] ?? 0) ^ 1
  assert.deepEqual(openLinks(crypto, space, second.keys, [{ ...link, sealed: damaged }]), [])
  assert.deepEqual(openLinks(crypto, space, second.keys, [{ ...link, sealed: new Uint8Array(0) }]), [])
  assert.deepEqual(openLinks(crypto, space, second.keys, [{ ...link, epoch: crypto.randomBytes(32) }]), [])
  assert.deepEqual(openLinks(crypto, crypto.randomBytes(32), second.keys, second.links), [])
  assert.deepEqual(openLinks(crypto, space, first.keys, second.links), [])
  assert.equal(openLinks(crypto, space, second.keys, second.links).length, 2)
})
