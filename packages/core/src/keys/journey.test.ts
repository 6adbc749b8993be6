import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { equalBytes, KithError } from '../bytes/index.ts'
import {
  createChange,
  createOpIds,
  decodeDataBody,
  decodeSegment,
  encodeDataBody,
  encodeSegment,
  opCodes,
  signSegment,
} from '../change/index.ts'
import { createMembership, type Epoch } from '../membership/index.ts'
import {
  appToHash,
  checkSecret,
  createInvitePayload,
  openInviteEntry,
  sealInviteEntry,
  entropyToRecovery,
  formatLink,
  type LogKey,
  linkToLog,
  openEpochBox,
  openInviteSecret,
  openInviteSeed,
  openKeys,
  openShare,
  parseLink,
  publicKeyOf,
  secretsToKeys,
} from './index.ts'
import { contentHeader, createWorld, nowMs } from './world.fixture.ts'

const crypto = await createNodeCrypto()

test('a person, a space, an invite, a join and a change by the joiner, each through its bytes', () => {
  const world = createWorld(crypto)
  const { space, membership, alice } = world
  assert.equal(membership.app(), 'org.example.todo')
  assert.deepEqual(
    membership.members().map(({ rank }) => rank),
    ['owner'],
  )
  const invite = world.invite()
  const text = formatLink(crypto, {
    space: space.space,
    appHash: appToHash(crypto, 'org.example.todo'),
    secret: invite.secret,
    logWriteKey: publicKeyOf(crypto, invite.log.write as LogKey),
    expires: null,
    hubs: [{ key: alice.secrets.device.signing.publicKey, url: 'wss://hub.example' }],
  })

  const link = parseLink(crypto, ` https://todo.example/#${text}\n`)
  assert.deepEqual(linkToLog(crypto, link).policy, invite.log.policy)
  const keys = secretsToKeys(crypto, space.epoch.secrets, (membership.epochInUse() as Epoch).policy)
  const source = { ...space.epoch, policy: keys.log.policy }
  const payload = openInviteEntry(
    crypto,
    invite.secret,
    sealInviteEntry(crypto, invite.grant, createInvitePayload('writer', source)),
  )
  const epoch = membership.epochInUse() as Epoch
  assert.ok(equalBytes(payload.epoch, epoch.hash))
  const secrets = checkSecret(crypto, epoch.commitments, payload.level, payload.secret)
  assert.equal(secrets.admin, undefined)
  const bobKeys = secretsToKeys(crypto, secrets, epoch.policy)
  assert.deepEqual(bobKeys.content, keys.content)
  assert.deepEqual(bobKeys.membership, keys.membership)
  assert.deepEqual(bobKeys.door.policy, keys.door.policy)
  assert.deepEqual(bobKeys.log.policy, keys.log.policy)
  assert.equal(bobKeys.log.admin, undefined)

  const bob = world.join({ ...invite, secret: link.secret })
  const joined = membership.member(bob.person.secrets.person)
  assert.equal(joined?.rank, 'writer')
  const ops = [[opCodes.insert, 0, [0, 1], 2, ['Milk', 'Tea', false, true]] as const]
  const body = encodeDataBody(crypto.randomBytes(16), ops)
  const header = contentHeader(world, bob.person, joined?.grant ?? new Uint8Array())
  const segment = signSegment([createChange(crypto, header, body)], (message) =>
    crypto.ed25519Sign(message, bob.person.secrets.device.signing.seed),
  )

  const arrived = decodeSegment(crypto, encodeSegment(segment))
  const change = arrived.changes[0]
  const read = decodeDataBody(change?.body ?? new Uint8Array())
  assert.equal(read.count, 2)
  const replica = createMembership({ crypto, space: space.space })
  for (const piece of [...world.segments].reverse()) {
    replica.add(decodeSegment(crypto, encodeSegment(piece)).changes)
  }
  const judged = replica.judgeAuthor(change?.header ?? header)
  assert.equal(judged.status, 'allowed')
  assert.ok(judged.status === 'allowed' && equalBytes(judged.address, bob.person.secrets.address))
  assert.ok(judged.status === 'allowed' && equalBytes(judged.schema.record, Uint8Array.of(1, 2, 3)))
  const ids = createOpIds(crypto, { space: space.space, device: header.device, salt: read.salt, time: header.time })
  assert.equal(ids(1).length, 16)
})

test('boxes, shares and sealed invite secrets open for whom they are, and for nobody else', () => {
  const world = createWorld(crypto)
  const { alice, space, membership } = world
  const epoch = membership.epochInUse() as Epoch
  const [tag] = alice.secrets.tagKeys
  const before = createMembership({ crypto, space: space.space })
  before.add([...alice.changes, ...space.changes.slice(0, 2)])
  const recipients = before.recipients('admin')
  const open = (secretKey: Uint8Array) => {
    const boxes = space.boxes ?? new Uint8Array()
    return openEpochBox(crypto, space.space, epoch, boxes, recipients, alice.secrets.person, secretKey)
  }
  assert.deepEqual(open(tag?.sealing.secretKey ?? new Uint8Array()), space.epoch.secrets)
  assert.throws(
    () => open(crypto.randomBytes(32)),
    (error: KithError) => error.code === 'cannot-open',
  )

  const invite = world.invite()
  const grant = membership.invites()[0] ?? invite.grant
  assert.deepEqual(openInviteSecret(crypto, grant, space.epoch.secrets.admin as Uint8Array), invite.secret)
  assert.deepEqual(openInviteSeed(crypto, grant, space.epoch.secrets.write as Uint8Array), invite.log.write)
  const bob = world.join(invite)
  const bobs = bob.person.secrets
  const [share] = membership.shares(bobs.person)
  assert.ok(share)
  const secretKey = bobs.tagKeys[0]?.sealing.secretKey as Uint8Array
  const opened = openShare(crypto, space.space, epoch, share, secretKey)
  assert.equal(opened.admin, undefined)
  assert.deepEqual(opened.write, space.epoch.secrets.write)
})

test('the recovery phrase and the device each open the keys of a tag', () => {
  const { alice } = createWorld(crypto)
  const { person, device, recoveryEntropy, tagKeys } = alice.secrets
  const membership = createMembership({ crypto, space: person })
  membership.add(alice.changes)
  assert.deepEqual(membership.heldBack(), [])
  const keys = membership.keysOf(person)[0]
  const [tagKey] = tagKeys
  assert.ok(keys && tagKey)
  const recovery = entropyToRecovery(crypto, recoveryEntropy).sealing.secretKey
  assert.deepEqual(openKeys(crypto, person, keys, tagKey.tag, undefined, recovery), tagKey.sealing.secretKey)
  const own = device.sealing.secretKey
  assert.deepEqual(openKeys(crypto, person, keys, tagKey.tag, device.signing.publicKey, own), tagKey.sealing.secretKey)
})

test('a link that is cut off, changed or of a newer version is known as such', () => {
  const key = crypto.ed25519PublicKey(crypto.randomBytes(32))
  const link = {
    space: crypto.randomBytes(32),
    appHash: appToHash(crypto, 'a'),
    secret: crypto.randomBytes(32),
    logWriteKey: key,
    expires: nowMs,
    hubs: [{ key, url: 'wss://hub.example' }],
  }
  const text = formatLink(crypto, link)
  assert.deepEqual(parseLink(crypto, text), link)
  const isBad = (damaged: string) =>
    assert.throws(
      () => parseLink(crypto, damaged),
      (error: KithError) => error instanceof KithError && error.code === 'bad-link',
      damaged,
    )
  for (let length = 0; length < text.length; length++) isBad(text.slice(0, length))
  for (let at = 5; at < text.length; at += 7)
    isBad(`${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`)
  for (const other of ['', 'hello', 'kith:', `kith:${'A'.repeat(10_000)}`, `${text}AAAA`]) isBad(other)
})
