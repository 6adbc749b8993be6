import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { decodeCbor, encodeCbor, KithError, toHex } from '../bytes/index.ts'
import {
  type Change,
  createChange,
  decodeHeader,
  decodeSegment,
  encodeHeader,
  encodeSegment,
  type Header,
  kinds,
  linksToForks,
  linksToHeads,
  mergeSegments,
  noBytes,
  type Segment,
  signSegment,
  sortHeads,
  timeToBytes,
} from './index.ts'

const crypto = await createNodeCrypto()
const seed = crypto.randomBytes(32)
const device = crypto.ed25519PublicKey(seed)
const sign = (message: Uint8Array): Uint8Array => crypto.ed25519Sign(message, seed)
const hashes = Array.from({ length: 8 }, () => crypto.randomBytes(32))

const someHash = fc.constantFrom(...hashes)
const someHeads = fc.uniqueArray(someHash, { maxLength: 4, selector: toHex }).map(sortHeads)
const someStep = fc.record({
  kind: fc.constantFrom(64, 65, 100),
  time: fc.record({ ms: fc.integer({ min: 0, max: 2 ** 48 - 1 }), counter: fc.integer({ min: 0, max: 65535 }) }),
  isNextTime: fc.boolean(),
  isSame: fc.boolean(),
  membership: someHeads,
  content: someHeads,
  grant: someHash,
  admission: someHash,
  schema: someHash,
  body: fc.uint8Array({ maxLength: 40 }),
  isForgotten: fc.boolean(),
})
const someRun = fc.array(someStep, { minLength: 1, maxLength: 12 }).map(stepsToChanges)

type Step = typeof someStep extends fc.Arbitrary<infer T> ? T : never

function stepsToChanges(steps: readonly Step[]): Change[] {
  const changes: Change[] = []
  let last: Header | undefined
  for (const step of steps) {
    const { kind, grant, admission, schema } = step
    const before = changes[changes.length - 1]
    const names = step.isSame && last !== undefined ? last : { kind, grant, admission, schema }
    const time = step.isNextTime && last !== undefined ? { ms: last.time.ms + 7, counter: 0 } : step.time
    const header: Header = {
      kind: names.kind,
      space: hashes[0] as Uint8Array,
      device,
      seq: changes.length,
      prev: before?.hash ?? noBytes,
      deps: {
        membership: step.isSame && last !== undefined ? last.deps.membership : step.membership,
        content: step.isSame ? [] : step.content,
      },
      grant: names.grant,
      admission: names.admission,
      epoch: hashes[1] as Uint8Array,
      schema: names.schema,
      time: { ms: Math.min(time.ms, 2 ** 48 - 1), counter: time.counter },
    }
    const change = createChange(crypto, header, step.body)
    changes.push(step.isForgotten ? { ...change, body: undefined } : change)
    last = header
  }
  return changes
}

const code = (expected: string) => (error: unknown) => error instanceof KithError && error.code === expected

test('a header is the canonical CBOR of its fields, and comes back from it', () => {
  fc.assert(
    fc.property(someRun, (changes) => {
      for (const { header: h } of changes) {
        const { membership, content } = h.deps
        const bytes = encodeHeader(h)
        const fields = [1, 1, h.kind, h.space, h.device, h.seq, h.prev, [membership, content], h.grant, h.admission]
        assert.deepEqual(bytes, encodeCbor([...fields, h.epoch, h.schema, timeToBytes(h.time)]))
        assert.deepEqual(decodeHeader(bytes), h)
      }
    }),
  )
})

test('the hash of a change is SHA-256(header ‖ SHA-256(body))', () => {
  fc.assert(
    fc.property(someRun, (changes) => {
      for (const { header, hash, bodyHash } of changes) {
        assert.deepEqual(hash, crypto.sha256(Buffer.concat([encodeHeader(header), bodyHash])))
      }
    }),
  )
})

test('any run of one chain comes back from its segment, with bodies forgotten or not', () => {
  fc.assert(
    fc.property(someRun, (changes) => {
      const segment = signSegment(changes, sign)
      assert.deepEqual(decodeSegment(crypto, encodeSegment(segment)), segment)
    }),
  )
})

test('a run cut into segments at random and merged again is the run, whatever is doubled, shuffled or overlaps', () => {
  fc.assert(
    fc.property(someRun, fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 8 }), (changes, cuts) => {
      const last = changes.length - 1
      const spans = cuts.map(([a, b]) => [Math.min(a, b, last), Math.min(Math.max(a, b), last)] as const)
      const whole = [...spans, [0, Math.floor(last / 2)], [Math.floor(last / 2), last]] as const
      const pieces = whole.map(([from, to]) => signSegment(changes.slice(from, to + 1), sign))
      const merged = mergeSegments(pieces)
      assert.equal(merged.length, 1)
      const encoded = encodeSegment(merged[0] as Segment)
      assert.deepEqual(decodeSegment(crypto, encoded).changes, changes)
    }),
  )
})

test('merging keeps forks, epochs and bounds apart', () => {
  const changes = plainRun(6)
  const fork = plainRun(2, changes[2])
  const pieces = [changes.slice(0, 3), changes.slice(3), fork].map((run) => signSegment(run, sign))
  const merged = mergeSegments(pieces)
  assert.equal(merged.length, 2)
  assert.equal(new Set(merged.flatMap((segment) => segment.changes.map(({ hash }) => toHex(hash)))).size, 8)
  assert.equal(mergeSegments(pieces, { changesMax: 3 }).length, 3)
  const other = plainRun(1, changes[5], { epoch: hashes[3] as Uint8Array })
  assert.equal(mergeSegments([...pieces, signSegment(other, sign)]).length, 3)
})

test('a genesis and what follows it stand in one segment', () => {
  const [genesis] = plainRun(1, undefined, { kind: kinds.genesis, space: noBytes, epoch: noBytes, schema: noBytes })
  assert.ok(genesis)
  const patch = { kind: kinds.schema, space: genesis.hash, epoch: noBytes, schema: noBytes }
  const run = [genesis, ...plainRun(2, genesis, patch)]
  const segment = decodeSegment(crypto, encodeSegment(signSegment(run, sign)))
  assert.deepEqual(segment.changes, run)
  assert.deepEqual(segment.space, genesis.hash)
  assert.equal(segment.chain, 'membership')
})

test('a segment with any byte changed, cut off or lengthened is refused with a typed error', () => {
  const bytes = encodeSegment(signSegment(plainRun(4), sign))
  for (let at = 0; at < bytes.length; at++) {
    const damaged = bytes.slice()
    damaged[at] = (damaged[at] as number) ^ (1 << (at % 8))
    assert.throws(() => decodeSegment(crypto, damaged), KithError, `byte ${at}`)
    assert.throws(() => decodeSegment(crypto, bytes.subarray(0, at)), KithError, `length ${at}`)
  }
  assert.throws(() => decodeSegment(crypto, Buffer.concat([bytes, Uint8Array.of(0)])), code('bad-encoding'))
})

test('a segment signed by another device, over another change or for another purpose is refused', () => {
  const segment = signSegment(plainRun(3), sign)
  const refused = (signature: Uint8Array) =>
    assert.throws(() => decodeSegment(crypto, encodeSegment({ ...segment, signature })), code('bad-signature'))
  const hash = (segment.changes[2] as Change).hash
  refused(crypto.ed25519Sign(hash, seed))
  refused(signSegment(plainRun(3), (message) => crypto.ed25519Sign(message, hashes[0] as Uint8Array)).signature)
  refused(signSegment(segment.changes.slice(0, 2), sign).signature)
})

test('two chains, gaps, items that begin nothing and numbers out of range are refused', () => {
  const fields = decodeCbor(encodeSegment(signSegment(plainRun(3), sign))) as unknown[]
  const refused = (at: number, value: unknown, why: string) => {
    const bytes = encodeCbor(fields.map((field, index) => (index === at ? value : field)) as never)
    assert.throws(() => decodeSegment(crypto, bytes), KithError, why)
  }
  const items = fields[8] as unknown[][]
  const withPatch = (patch: unknown[]) => [items[0], [...(items[1] as unknown[]), patch], items[2]]
  refused(0, 2, 'version')
  refused(1, 2, 'suite')
  refused(5, 1, 'seq without prev')
  refused(6, hashes[0], 'prev without seq')
  refused(8, [], 'no changes')
  refused(8, items.slice(1), 'no first patch')
  refused(8, withPatch([kinds.grant, null, null, null, null, null]), 'two chains')
  refused(8, withPatch([kinds.genesis, null, null, null, null, null]), 'a genesis inside')
  refused(8, withPatch([128, null, null, null, null, null]), 'kind')
  refused(8, withPatch([null, [hashes[1], hashes[1]], null, null, null, null]), 'doubled heads')
  refused(
    8,
    [
      [0, new Uint8Array(1), ...items[0]!.slice(2)],
      [-(2 ** 50), new Uint8Array(1)],
    ],
    'time below zero',
  )
  refused(8, [[0, [new Uint8Array(31)], ...items[0]!.slice(2)]], 'a short hash of a body')
})

test('the heads of a chain are what nothing continues, and forks are seen', () => {
  const changes = plainRun(4)
  const fork = plainRun(2, changes[1])
  const links = [...changes, ...fork].map(({ hash, header }) => ({ hash, prev: header.prev, seq: header.seq }))
  const ends = [changes[3], fork[1]].map((change) => toHex((change as Change).hash)).sort()
  assert.deepEqual(linksToHeads(links.reverse()).map(toHex), ends)
  assert.equal(linksToForks(links).length, 2)
  assert.deepEqual(linksToForks(links.slice(2)).length, 0)
})

test('a single insert costs at most 45 bytes beside its op', () => {
  const bytes = encodeSegment(signSegment(plainRun(1000), sign)).length
  const bodies = plainRun(1000).reduce((sum, change) => sum + (change.body as Uint8Array).length - 18, 0)
  assert.ok((bytes - bodies) / 1000 <= 45, `${(bytes - bodies) / 1000}`)
})

function plainRun(count: number, after?: Change, patch: Partial<Header> = {}): Change[] {
  const changes: Change[] = []
  const deps = { membership: [hashes[2] as Uint8Array], content: [] }
  for (let at = 0; at < count; at++) {
    const last = changes[at - 1] ?? after
    const header: Header = {
      kind: kinds.data,
      space: hashes[0] as Uint8Array,
      device,
      seq: last === undefined ? 0 : last.header.seq + 1,
      prev: last?.hash ?? noBytes,
      deps,
      grant: hashes[4] as Uint8Array,
      admission: hashes[5] as Uint8Array,
      epoch: hashes[1] as Uint8Array,
      schema: hashes[6] as Uint8Array,
      time: { ms: 1_795_000_000_000 + at, counter: 0 },
      ...patch,
    }
    const body = encodeCbor([crypto.randomBytes(16), [[0, 0, [0], 1, [`row ${at}`]]]])
    changes.push(createChange(crypto, header, body))
  }
  return changes
}
