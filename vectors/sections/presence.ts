/** What is said of who is here: sealed, signed, for one log of one space. */
import assert from 'node:assert/strict'
import { encodeCbor, fromHex, KithError, toHex } from '../../packages/core/src/bytes/index.ts'
import { entryKinds, sealEntry } from '../../packages/core/src/change/index.ts'
import { seedToSigningKey, signLabelled } from '../../packages/core/src/crypto/sign/index.ts'
import {
  openPresence,
  type PresenceMessage,
  sealPresence,
  secretToPresenceKey,
} from '../../packages/core/src/keys/index.ts'
import { presenceBytesMax, presenceStateBytesMax } from '../../packages/core/src/limits/index.ts'
import type { Crypto } from '../../packages/core/src/ports/index.ts'
import { assertRefused, codeOf } from './refuse.ts'
import type { Json, Section } from './section.ts'
import { createSeededCrypto } from './seeded.ts'

type Place = { readonly secret: string; readonly epoch: string; readonly space: string; readonly log: string }

type Vectors = {
  readonly place: Place
  readonly valid: readonly (ReturnType<typeof summary> & { readonly signal: string })[]
  readonly invalid: readonly { readonly why: string; readonly signal: string; readonly code: string }[]
}

export const presence: Section = {
  name: 'presence',
  make: ({ crypto }) => makeVectors(crypto),
  check({ place, valid, invalid }: Vectors, { crypto }) {
    for (const { signal, ...expected } of valid)
      assert.deepEqual(summary(read(crypto, place, fromHex(signal))), expected)
    for (const { why, signal, code } of invalid) assertRefused(() => read(crypto, place, fromHex(signal)), code, why)
  },
}

type Field = number | string | null | Uint8Array

/** As a room reads it, but for what depends on membership and time. */
const read = (crypto: Crypto, { secret, epoch, space, log }: Place, signal: Uint8Array): PresenceMessage => {
  const { message, isSigned } = openPresence(crypto, signal, [
    secretToPresenceKey(crypto, fromHex(secret), fromHex(epoch)),
  ])
  if (!isSigned(crypto, { space: fromHex(space), log: fromHex(log) }))
    throw new KithError('bad-signature', 'It is not signed by its device for this place.')
  return message
}

const summary = ({ type, device, session, since, time, state }: PresenceMessage) => ({
  type,
  device: toHex(device),
  session: toHex(session),
  since,
  time,
  state: state ?? null,
})

const makeVectors = (platform: Crypto): Json => {
  const crypto = createSeededCrypto(platform, 'kith/1 vectors presence')
  const [secret, epoch, space, log] = [32, 32, 32, 32].map((length) => crypto.randomBytes(length)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const place = { secret: toHex(secret), epoch: toHex(epoch), space: toHex(space), log: toHex(log) }
  const key = secretToPresenceKey(crypto, secret, epoch)
  const [device, other] = [crypto.randomBytes(32), crypto.randomBytes(32)].map((seed) => seedToSigningKey(crypto, seed))
  assert(device && other)
  const said = { session: crypto.randomBytes(16), since: 1_795_000_000_000, time: 1_795_000_000_250 }
  const state = '{"cursor":3,"typing":true}'
  const valid = (
    [
      { ...said, type: 'asks', state: undefined },
      { ...said, type: 'here', state },
      { ...said, type: 'here', state: JSON.stringify('x'.repeat(presenceStateBytesMax - 2)) },
      { ...said, type: 'gone', state: undefined },
    ] as const
  ).map((message): Json => {
    const signal = sealPresence(crypto, key, { space, log }, device, message)
    return { signal: toHex(signal), ...summary(read(crypto, place, signal)) }
  })

  const here = sealPresence(crypto, key, { space, log }, device, { ...said, type: 'here', state })
  const flip = (at: number): Uint8Array => here.with(at, here[at]! ^ 1)
  /** Well sealed and well signed, whatever it says. */
  const saying = (fields: readonly Field[], by = device): Uint8Array => {
    const body = encodeCbor(fields)
    const signature = signLabelled(crypto, by.seed, 'kith/1 presence', space, log, body)
    return sealEntry(crypto, key, entryKinds.presence, encodeCbor([body, signature])).bytes
  }
  const fields: readonly Field[] = [1, 0, device.publicKey, said.session, said.since, said.time, null]
  const elsewhere = { ...said, type: 'here' as const, state }
  const refused: readonly (readonly [why: string, signal: Uint8Array])[] = [
    ['another version of the entry', flip(0)],
    ['altered', flip(here.length - 1)],
    ['cut off', here.subarray(0, 80)],
    ['too long', new Uint8Array(presenceBytesMax + 1)],
    [
      'sealed for another epoch',
      sealPresence(crypto, secretToPresenceKey(crypto, secret, log), { space, log }, device, elsewhere),
    ],
    ['for another log', sealPresence(crypto, key, { space, log: epoch }, device, elsewhere)],
    ['for another space', sealPresence(crypto, key, { space: epoch, log }, device, elsewhere)],
    ['signed by another device', saying(fields, other)],
    ['an entry of another kind', sealEntry(crypto, key, entryKinds.segments, new Uint8Array(8)).bytes],
    ['another version', saying([2, ...fields.slice(1)])],
    ['of an unknown type', saying(fields.with(1, 3))],
    ['a session of 15 bytes', saying(fields.with(3, new Uint8Array(15)))],
    ['a time below zero', saying(fields.with(5, -1))],
    ['a state too long', saying(fields.with(6, 'x'.repeat(presenceStateBytesMax + 1)))],
    ['a field more', saying([...fields, null])],
  ]
  return {
    place,
    valid,
    invalid: refused.map(([why, signal]) => ({
      why,
      signal: toHex(signal),
      code: codeOf(() => read(crypto, place, signal)),
    })),
  }
}
