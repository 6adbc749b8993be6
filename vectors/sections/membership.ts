/** A space with its verdicts, derived keys and a link. */
import assert from 'node:assert/strict'
import { equalBytes, fromHex, toHex } from '../../packages/core/src/bytes/index.ts'
import {
  type Change,
  decodeHeader,
  decodeSegment,
  encodeHeader,
  encodeSegment,
  kinds,
  signSegment,
} from '../../packages/core/src/change/index.ts'
import { createMembership, encodeJoin, encodeSchema } from '../../packages/core/src/membership/index.ts'
import type { Crypto } from '../../packages/core/src/ports/index.ts'
import { policyToBytes } from '../../packages/core/src/wire/index.ts'
import {
  appToHash,
  formatLink,
  parseLink,
  secretsToKeys,
  secretToInvite,
  secretToSecrets,
} from '../../packages/core/src/keys/index.ts'
import { assertRefused, codeOf } from './refuse.ts'
import type { Json, Section } from './section.ts'
import { createSeededCrypto } from './seeded.ts'
import { contentHeader, createWorld, forge, nowMs } from '../../packages/core/src/keys/world.fixture.ts'

type Vectors = {
  readonly space: string
  readonly segments: readonly string[]
  readonly heads: readonly string[]
  readonly members: readonly { readonly address: string; readonly rank: string }[]
  readonly content: { readonly header: string; readonly status: string; readonly address: string }
  readonly heldBack: readonly { readonly why: string; readonly code: string; readonly segment: string }[]
  readonly derivations: { readonly adminSecret: string; readonly writeSecret: string; readonly readSecret: string }
  readonly links: {
    readonly valid: readonly { readonly text: string; readonly secret: string }[]
    readonly invalid: readonly { readonly why: string; readonly text: string; readonly code: string }[]
  }
}

export const membership: Section = {
  name: 'membership',
  make: ({ crypto }) => makeVectors(crypto),
  check(vectors: Vectors, { crypto }) {
    const replica = createMembership({ crypto, space: fromHex(vectors.space) })
    for (const bytes of [...vectors.segments].reverse()) replica.add(decodeSegment(crypto, fromHex(bytes)).changes)
    assert.deepEqual(replica.heads().map(toHex), vectors.heads)
    assert.deepEqual(
      replica.members().map(({ address, rank }) => [toHex(address), rank]),
      vectors.members.map(({ address, rank }) => [address, rank]),
    )
    const judged = replica.judgeAuthor(decodeHeader(fromHex(vectors.content.header)))
    assert.ok(judged.status === 'allowed' && equalBytes(judged.address, fromHex(vectors.content.address)))
    for (const { why, code, segment } of vectors.heldBack) {
      const { changes } = decodeSegment(crypto, fromHex(segment))
      replica.add(changes)
      const verdict = replica.verdictOf(changes[0]!.hash)
      assert.ok(typeof verdict === 'object' && verdict.code === code, why)
    }
    const { adminSecret, writeSecret, readSecret } = vectors.derivations
    const { write, read } = secretToSecrets(crypto, 'admin', fromHex(adminSecret))
    assert.deepEqual([toHex(write!), toHex(read)], [writeSecret, readSecret])
    for (const { text, secret } of vectors.links.valid) {
      const link = parseLink(crypto, text)
      assert.deepEqual([toHex(link.secret), formatLink(crypto, link)], [secret, text])
    }
    for (const { why, text, code } of vectors.links.invalid) assertRefused(() => parseLink(crypto, text), code, why)
  },
}

function makeVectors(platform: Crypto): Json {
  const crypto = createSeededCrypto(platform, 'kith/1 vectors membership')
  const world = createWorld(crypto)
  const invite = world.invite({ uses: 1, expires: nowMs + 1000 })
  const bob = world.join(invite)
  const { membership, space } = world
  const join = bob.changes[0] as Change
  const header = contentHeader(world, bob.person, join.hash)
  const judged = membership.judgeAuthor(header)
  const { person, address, tagKeys, device } = bob.person.secrets
  const unsigned = encodeJoin({
    salt: crypto.randomBytes(16),
    person,
    address,
    tag: tagKeys[0]?.tag as Uint8Array,
    signature: new Uint8Array(64),
  })
  const bySchema = { kind: kinds.schema, grant: join.hash, seq: 2, prev: bob.end.prev }
  const schema = encodeSchema({ salt: crypto.randomBytes(16), record: Uint8Array.of(7) })
  const heldBack: [string, Change][] = [
    ['a join after the expiry, by its own time', forge(crypto, join, { time: { ms: nowMs + 1001, counter: 0 } })],
    ['a join that the invite key did not sign', forge(crypto, join, {}, unsigned)],
    ['a join that names a grant which is no invite', forge(crypto, join, { grant: space.space })],
    [
      'a schema record by a writer',
      forge(crypto, join, { ...bySchema, deps: { membership: membership.heads(), content: [] } }, schema),
    ],
    ['a malformed body', forge(crypto, join, {}, Uint8Array.of(0x80))],
  ]
  const sign = (message: Uint8Array): Uint8Array => crypto.ed25519Sign(message, device.signing.seed)
  const adminSecret = crypto.randomBytes(32)
  const secrets = secretToSecrets(crypto, 'admin', adminSecret)
  const keys = secretsToKeys(crypto, space.epoch.secrets, membership.epochs()[0]!.policy)
  const linkKeys = secretToInvite(crypto, invite.secret)
  const link = {
    space: space.space,
    appHash: appToHash(crypto, 'org.example.todo'),
    secret: invite.secret,
    logWriteKey: invite.grant.policy.write,
    expires: nowMs + 1000,
    hubs: [{ key: crypto.ed25519PublicKey(crypto.randomBytes(32)), url: 'wss://hub.example' }],
  }
  const text = formatLink(crypto, link)
  const damaged = [
    ['cut off', text.slice(0, -9)],
    ['a letter changed', text.slice(0, -9) + (text.at(-9) === 'A' ? 'B' : 'A') + text.slice(-8)],
    ['no link', 'https://todo.example/'],
  ] as const
  return {
    space: toHex(space.space),
    segments: world.segments.map((segment) => toHex(encodeSegment(segment))),
    heads: membership.heads().map(toHex),
    members: membership.members().map((member) => ({
      person: toHex(member.person),
      address: toHex(member.address),
      rank: member.rank,
      grant: toHex(member.grant),
    })),
    content: { header: toHex(encodeHeader(header)), status: judged.status, address: toHex(address) },
    heldBack: heldBack.map(([why, change]) => {
      const replica = createMembership({ crypto, space: space.space })
      replica.add([...world.changes, change])
      const verdict = replica.verdictOf(change.hash)
      const code = typeof verdict === 'object' ? verdict.code : String(verdict)
      return { why, code, segment: toHex(encodeSegment(signSegment([change], sign))) }
    }),
    derivations: {
      adminSecret: toHex(adminSecret),
      writeSecret: toHex(secrets.write as Uint8Array),
      readSecret: toHex(secrets.read),
      epoch: {
        adminSecret: toHex(space.epoch.secrets.admin as Uint8Array),
        content: toHex(keys.content),
        membership: toHex(keys.membership),
        logPolicy: toHex(policyToBytes(keys.log.policy)),
        doorPolicy: toHex(policyToBytes(keys.door.policy)),
      },
      invite: {
        secret: toHex(invite.secret),
        inviteKey: toHex(linkKeys.invite.publicKey),
        readKey: toHex(linkKeys.read.publicKey),
        sealingKey: toHex(linkKeys.sealing.publicKey),
      },
    },
    links: {
      valid: [
        {
          text,
          space: toHex(link.space),
          app: 'org.example.todo',
          secret: toHex(link.secret),
          logWriteKey: toHex(link.logWriteKey),
          expires: link.expires,
          hubs: link.hubs.map(({ key, url }) => ({ key: toHex(key), url })),
        },
      ],
      invalid: damaged.map(([why, other]) => ({ why, text: other, code: codeOf(() => parseLink(crypto, other)) })),
    },
  }
}
