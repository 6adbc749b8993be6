/** Headers, hashes, ids and segments. */
import assert from 'node:assert/strict'
import { decodeCbor, encodeCbor, fromHex, toHex } from '../../packages/core/src/bytes/index.ts'
import {
  type Change,
  createChange,
  createOpIds,
  decodeHeader,
  decodeSegment,
  encodeDataBody,
  encodeHeader,
  encodeSegment,
  type Header,
  keyedRowId,
  noBytes,
  type Op,
  signSegment,
  sortHeads,
  timeToBytes,
} from '../../packages/core/src/change/index.ts'
import type { Crypto } from '../../packages/core/src/ports/index.ts'
import { assertRefused, codeOf } from './refuse.ts'
import type { Json, Section } from './section.ts'
import { createSeededCrypto } from './seeded.ts'

type Vectors = {
  readonly changes: readonly {
    readonly header: string
    readonly body: string
    readonly bodyHash: string
    readonly hash: string
  }[]
  readonly opIds: {
    readonly header: string
    readonly salt: string
    readonly ids: readonly (readonly [index: number, id: string])[]
  }
  readonly keyedRows: readonly {
    readonly space: string
    readonly table: string
    readonly key: readonly Json[]
    readonly id: string
  }[]
  readonly segments: {
    readonly valid: readonly { readonly name: string; readonly bytes: string; readonly hashes: readonly string[] }[]
    readonly invalid: readonly { readonly why: string; readonly code: string; readonly bytes: string }[]
  }
}

export const change: Section = {
  name: 'change',
  make: ({ crypto }) => makeVectors(crypto),
  check(vectors: Vectors, { crypto }) {
    for (const { header, body, bodyHash, hash } of vectors.changes) {
      const made = createChange(crypto, decodeHeader(fromHex(header)), fromHex(body))
      assert.deepEqual(
        [toHex(encodeHeader(made.header)), toHex(made.bodyHash), toHex(made.hash)],
        [header, bodyHash, hash],
      )
    }
    const { space, device, time } = decodeHeader(fromHex(vectors.opIds.header))
    const ids = createOpIds(crypto, { space, device, time, salt: fromHex(vectors.opIds.salt) })
    for (const [index, id] of vectors.opIds.ids) assert.equal(toHex(ids(index)), id)
    for (const { space, table, key, id } of vectors.keyedRows) {
      assert.equal(toHex(keyedRowId(crypto, fromHex(space), table, key as never)), id)
    }
    for (const { name, bytes, hashes } of vectors.segments.valid) {
      const segment = decodeSegment(crypto, fromHex(bytes))
      assert.deepEqual(
        segment.changes.map(({ hash }) => toHex(hash)),
        hashes,
        name,
      )
      assert.equal(toHex(encodeSegment(segment)), bytes, name)
    }
    for (const { why, code, bytes } of vectors.segments.invalid) {
      assertRefused(() => decodeSegment(crypto, fromHex(bytes)), code, why)
    }
  },
}

function makeVectors(platform: Crypto): Json {
  const crypto = createSeededCrypto(platform, 'kith/1 vectors change')
  const seed = crypto.randomBytes(32)
  const names = {
    space: crypto.randomBytes(32),
    grant: crypto.randomBytes(32),
    admission: crypto.randomBytes(32),
    epoch: crypto.randomBytes(32),
    schema: crypto.randomBytes(32),
  }
  const heads = sortHeads([crypto.randomBytes(32), crypto.randomBytes(32)])
  const device = crypto.ed25519PublicKey(seed)
  const row = crypto.randomBytes(16)
  const bodies: Op[][] = [
    [[0, 0, [0, 1], 2, ['Buy milk', 'Tea', false, true]]],
    [
      [0, 0, [0], 1, ['A list']],
      [0, 1, [0, 2], 1, [0, -7]],
    ],
    [
      [2, 0, row, [1, true]],
      [3, 0, row],
    ],
    [
      [4, 0, row, [row]],
      [6, 'Alice'],
      [7, 'Home'],
    ],
  ]
  const times = [
    { ms: 1_795_000_000_000, counter: 0 },
    { ms: 1_795_000_000_000, counter: 1 },
    { ms: 1_795_000_000_250, counter: 0 },
    { ms: 1_794_999_999_000, counter: 65_535 },
  ]
  const changes: Change[] = []
  bodies.forEach((ops, at) => {
    const last = changes[at - 1]
    const deps = { membership: at < 3 ? heads.slice(0, 1) : heads, content: at === 2 ? heads : [] }
    const header: Header = {
      kind: 64,
      ...names,
      device,
      seq: at,
      prev: last?.hash ?? noBytes,
      deps,
      time: times[at] as Header['time'],
    }
    changes.push(createChange(crypto, header, encodeDataBody(crypto.randomBytes(16), ops)))
  })
  const segment = signSegment(changes, (message) => crypto.ed25519Sign(message, seed))
  const bytes = encodeSegment(segment)
  const forgotten = encodeSegment({ ...segment, changes: changes.map((change) => ({ ...change, body: undefined })) })
  const first = changes[0] as Change
  const salt = (first.body as Uint8Array).slice(2, 18)
  const ids = createOpIds(crypto, { space: names.space, device, salt, time: first.header.time })
  return {
    times: times.map((time) => ({ ...time, bytes: toHex(timeToBytes(time)) })),
    changes: changes.map(({ header, hash, bodyHash, body }) => ({
      header: toHex(encodeHeader(header)),
      body: toHex(body as Uint8Array),
      bodyHash: toHex(bodyHash),
      hash: toHex(hash),
    })),
    opIds: {
      header: toHex(encodeHeader(first.header)),
      salt: toHex(salt),
      ids: [0, 1, 65_535].map((index): Json => [index, toHex(ids(index))]),
    },
    keyedRows: [
      { table: 'likes', key: ['a', 1], id: toHex(keyedRowId(crypto, names.space, 'likes', ['a', 1])) },
      { table: 'likes', key: [true], id: toHex(keyedRowId(crypto, names.space, 'likes', [true])) },
    ].map((item) => ({ space: toHex(names.space), ...item })),
    segments: {
      valid: [
        { name: 'four changes', bytes: toHex(bytes), hashes: changes.map(({ hash }) => toHex(hash)) },
        {
          name: 'the same with every body forgotten',
          bytes: toHex(forgotten),
          hashes: changes.map(({ hash }) => toHex(hash)),
        },
      ],
      invalid: toInvalid(platform, bytes, heads[0] as Uint8Array),
    },
  }
}

function toInvalid(crypto: Crypto, bytes: Uint8Array, hash: Uint8Array): Json {
  const fields = decodeCbor(bytes) as unknown[]
  const items = fields[8] as unknown[][]
  const replace = (at: number, value: unknown) => {
    return toHex(encodeCbor(fields.map((field, index) => (index === at ? value : field)) as never))
  }
  const swapped = [items[0], items[2], items[1], items[3]]
  const withPatch = (patch: unknown[]) => [items[0], [...(items[1] as unknown[]), patch], items[2], items[3]]
  const signature = (fields[9] as Uint8Array).slice()
  signature[0] = (signature[0] as number) ^ 1
  const cases: [why: string, bytes: string][] = [
    ['cut off', toHex(bytes.subarray(0, -1))],
    ['a byte after the end', `${toHex(bytes)}00`],
    ['another version', replace(0, 2)],
    ['another signature', replace(9, signature)],
    ['two changes swapped', replace(8, swapped)],
    ['the last change left out', replace(8, items.slice(0, 3))],
    ['another space', replace(2, hash)],
    ['a sequence number without a change before', replace(5, 3)],
    ['no changes', replace(8, [])],
    ['two chains', replace(8, withPatch([1, null, null, null, null, null]))],
    ['a genesis inside', replace(8, withPatch([0, null, null, null, null, null]))],
    ['a head named twice', replace(8, withPatch([null, [hash, hash], null, null, null, null]))],
  ]
  return cases.map(([why, damaged]) => {
    return { why, bytes: damaged, code: codeOf(() => decodeSegment(crypto, fromHex(damaged))) }
  })
}
