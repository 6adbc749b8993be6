import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeCbor, encodeCbor, KithError, toHex } from '../bytes/index.ts'
import { entryBytesMax, frameBytesMax, tokensPerPeriodMax } from '../limits/index.ts'
import { hubAccesses } from './access.ts'
import { frameToClientMessage } from './decode-client.ts'
import { frameToHubMessage } from './decode-hub.ts'
import { clientMessageToFrame, hubMessageToFrame } from './encode.ts'
import { type ClientMessage, entriesStates, type HubMessage, protocolVersion, pullModes } from './message.ts'
import { logKinds, rights } from './policy.ts'
import { createFrameReader } from './reader.ts'
import { type RefusalReason, refusalCodes } from './refusal.ts'
import { isTokenModulus, tokenBytes, tokenRequestBytes } from './token.ts'

const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const request = fc.integer({ min: 1, max: 2 ** 32 - 1 })
const lane = fc.constantFrom<0 | 1 | 2 | 3>(0, 1, 2, 3)
const entry = fc.uint8Array({ minLength: 1, maxLength: 300 })
const ids = fc.array(fixed(32), { maxLength: 5 })
const list = <Item>(item: fc.Arbitrary<Item>) => fc.array(item, { maxLength: 6 })
const number = fc.maxSafeNat()
const policyKey = fc.oneof(fixed(32), fc.constant('open' as const), fc.constant('none' as const))
const policy = fc.record({ write: policyKey, read: policyKey, admin: policyKey, kind: fc.constantFrom(...logKinds) })
const proof = fc.record({ right: fc.constantFrom(...rights), signature: fixed(64) })
const refusal = fc.record({
  refused: fc.constantFrom(...(Object.keys(refusalCodes) as RefusalReason[])),
  waitMs: number,
})
const optional = <Item>(item: fc.Arbitrary<Item>) => fc.option(item, { nil: undefined })

const put = fc
  .record({ log: fixed(32), lane, entries: list(entry) })
  .chain((item) => (item.lane === 1 ? ids : fc.constant([])).map((covers) => ({ ...item, covers })))
const pull = fc
  .record({
    log: fixed(32),
    lane,
    mode: fc.constantFrom(...pullModes),
    generation: optional(fixed(16)),
    n: number,
    limit: number,
    idsOnly: fc.boolean(),
    ids: fc.array(fixed(32), { minLength: 1, maxLength: 5 }),
  })
  .map((item) => ({
    ...item,
    follow: item.mode === 'after' && item.limit === 0 && !item.idsOnly,
    ids: item.mode === 'ids' ? item.ids : [],
  }))

const cursors = fc
  .subarray([0, 1, 2, 3] as (0 | 1 | 2 | 3)[])
  .chain((lanes) => fc.tuple(...lanes.map((one) => fc.record({ lane: fc.constant(one), n: number, mark: number }))))
  .map((all) => all.map((cursor) => ({ ...cursor, mark: cursor.n === 0 ? 0 : cursor.mark })))
const resumed = fc
  .record({ log: fixed(32), kind: fc.constantFrom(...logKinds), rights: fc.nat(7), cursors: optional(cursors) })
  .map((item) => ({ ...item, cursors: (item.rights & 1) === 0 && item.cursors ? [] : item.cursors }))

const clientMessage: fc.Arbitrary<ClientMessage> = fc.oneof(
  fc.record({
    type: fc.constant('open' as const),
    request,
    resumption: optional(fc.record({ publicKey: fixed(32), signature: fixed(64) })),
    logs: list(fc.record({ policy, proofs: fc.array(proof, { maxLength: 3 }) })),
  }),
  fc.record({
    type: fc.constant('resume' as const),
    request,
    resumption: fc.record({ publicKey: fixed(32), signature: fixed(64) }),
    ticket: fixed(40),
    generation: optional(fixed(16)),
    logs: list(resumed),
  }),
  fc.record({ type: fc.constant('put' as const), request, puts: list(put) }),
  fc.record({ type: fc.constant('pull' as const), request, pulls: list(pull) }),
  fc.record({
    type: fc.constant('signal' as const),
    request,
    signals: list(fc.record({ log: fixed(32), to: optional(fixed(16)), bytes: entry })),
  }),
  fc.record({ type: fc.constant('trim' as const), request, trims: list(fc.record({ log: fixed(32), ids })) }),
  fc.record({ type: fc.constant('terms' as const), request, logs: list(fixed(32)) }),
  fc.record({ type: fc.constant('join' as const), request, code: fixed(16), member: fixed(32), signature: fixed(64) }),
  fc.record({
    type: fc.constant('issue' as const),
    request,
    member: fixed(32),
    signature: fixed(64),
    requests: list(fixed(tokenRequestBytes)),
  }),
  fc.record({
    type: fc.constant('pay' as const),
    request,
    pays: list(
      fc.record({
        log: fixed(32),
        tokens: list(fixed(tokenBytes)),
        works: list(fc.record({ bits: fc.nat(255), expiresMs: number, nonce: fixed(8) })),
      }),
    ),
  }),
  fc.record({
    type: fc.constant('channel' as const),
    request,
    purpose: fc.constantFrom('prove' as const, 'wrap' as const),
    handshake: fixed(48),
  }),
  fc.record({
    type: fc.constant('carry' as const),
    request,
    url: fc.string({ maxLength: 256 }).map((text) => text.replace(/[^!-~]/g, 'x')),
    hubKey: fixed(32),
  }),
)

const answer = <Type extends string, Result extends object>(type: Type, result: fc.Arbitrary<Result>) =>
  fc.record({ type: fc.constant(type), request, results: list(fc.oneof(result, refusal)) })

const hubMessage: fc.Arbitrary<HubMessage> = fc.oneof(
  fc.record({
    type: fc.constant('hello' as const),
    version: fc.constant(protocolVersion),
    hubKey: fixed(32),
    nonce: fixed(32),
    timeMs: number,
    limits: fc.record({
      frameBytesMax: fc.integer({ min: 1024, max: frameBytesMax }),
      entryBytesMax: fc.integer({ min: 0, max: entryBytesMax }),
      logsPerOpenMax: fc.integer({ min: 1, max: 512 }),
      logsPerConnectionMax: number,
      logBytesMax: number,
      logEntriesMax: number,
    }),
  }),
  fc.record({
    type: fc.constant('channelled' as const),
    request,
    results: fc.array(fc.oneof(fc.record({ handshake: fixed(48) }), refusal), { maxLength: 1 }),
  }),
  fc.record({
    type: fc.constant('opened' as const),
    request,
    results: list(fc.oneof(fc.record({ generation: fixed(16), rights: fc.nat(7) }), refusal)),
    ticket: optional(fixed(40)),
  }),
  fc.record({
    type: fc.constant('resumed' as const),
    request,
    results: fc.array(
      fc.oneof(
        fc.record({
          generation: fixed(16),
          others: fc
            .uniqueArray(fc.record({ at: fc.nat(511), why: optional(refusal) }), { selector: ({ at }) => at })
            .map((others) => others.toSorted((a, b) => a.at - b.at)),
        }),
        refusal,
      ),
      { maxLength: 1 },
    ),
  }),
  answer('stored', fc.record({ generation: fixed(16), numbers: list(number) })),
  answer('pulling', fc.record({ generation: fixed(16), news: fc.boolean() })),
  answer('done', fc.record({ done: fc.constant(true as const) })),
  answer('issued', fc.record({ signature: fixed(256) })),
  fc.record({
    type: fc.constant('told' as const),
    request,
    terms: fc.record({
      access: fc.constantFrom(...hubAccesses),
      tokensPerPeriod: fc.nat(tokensPerPeriodMax),
      roomBytes: number,
      keys: fc.array(fc.record({ modulus: fixed(256).filter(isTokenModulus), closesMs: number, endsMs: number }), {
        maxLength: 4,
      }),
    }),
    results: list(fc.oneof(fc.record({ bits: fc.nat(255), expiresMs: number, seed: fixed(32) }), refusal)),
  }),
  fc.record({
    type: fc.constant('entries' as const),
    request: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    log: fixed(32),
    lane,
    generation: fixed(16),
    state: fc.constantFrom(...entriesStates),
    entries: list(fc.record({ n: number, id: fixed(32), bytes: fc.uint8Array({ maxLength: 300 }) })),
  }),
  fc.record({ type: fc.constant('heard' as const), log: fixed(32), from: fixed(16), bytes: entry }),
  fc.record({ type: fc.constant('goodbye' as const), why: refusal }),
)

/** Undefined, or the code of the failure; anything but a typed error is a defect. */
function codeOf(run: () => unknown): string | undefined {
  try {
    run()
    return undefined
  } catch (cause) {
    assert.ok(cause instanceof KithError, String(cause))
    return cause.code
  }
}

type Direction<Message> = {
  readonly name: 'client' | 'hub'
  readonly message: fc.Arbitrary<Message>
  readonly toFrame: (message: Message) => Uint8Array
  readonly fromFrame: (frame: Uint8Array) => Message
}

proveCodec<ClientMessage>({
  name: 'client',
  message: clientMessage,
  toFrame: clientMessageToFrame,
  fromFrame: frameToClientMessage,
})
proveCodec<HubMessage>({ name: 'hub', message: hubMessage, toFrame: hubMessageToFrame, fromFrame: frameToHubMessage })

function proveCodec<Message>({ name, message, toFrame, fromFrame }: Direction<Message>): void {
  test(`each message of a ${name} comes back as it was, and has one encoding`, () => {
    fc.assert(
      fc.property(message, (value) => {
        const frame = toFrame(value)
        const back = fromFrame(frame)
        // Records of fast-check have no prototype: compare by structure.
        assert.equal(show(back), show(value))
        assert.deepEqual(toFrame(back), frame)
        assert.deepEqual(encodeCbor(decodeCbor(frame)), frame)
      }),
    )
  })

  test(`a frame of a ${name} that is cut off, longer or changed is refused with a typed error or is another whole message`, () => {
    fc.assert(
      fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, place, change) => {
        const frame: Uint8Array = toFrame(value)
        const at = place % frame.length
        assert.equal(
          codeOf(() => fromFrame(frame.subarray(0, at))),
          'bad-encoding',
        )
        assert.equal(
          codeOf(() => fromFrame(Uint8Array.of(...frame, change))),
          'bad-encoding',
        )
        const changed = frame.slice()
        changed[at]! ^= change
        let other: Message | undefined
        const code = codeOf(() => {
          other = fromFrame(changed)
        })
        if (code === undefined) {
          // A refusal's code that we do not know is read as plain 'refused': the one thing that may be written differently.
          const mayDiffer = show(other).includes('"refused":"refused"')
          assert.equal(show(fromFrame(toFrame(other!))), show(other))
          if (!mayDiffer) assert.deepEqual(toFrame(other!), changed)
        } else assert.ok(['bad-encoding', 'too-large', 'protocol-version'].includes(code), code)
      }),
    )
  })

  test(`random bytes are no message of a ${name}, and give a typed error`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        codeOf(() => fromFrame(bytes))
      }),
      { numRuns: 2000 },
    )
  })

  test(`a frame over the limit is refused by its length alone, as is a list or a byte string that claims to be`, () => {
    assert.equal(
      codeOf(() => fromFrame(new Uint8Array(frameBytesMax + 1))),
      'too-large',
    )
    const log = toHex(new Uint8Array(32))
    const claims = {
      // put of 2^32 − 1 items; of one item with 2^31 entries; of one entry of 2 GB
      client: ['8302019affffffff', `83020181845820${log}029a80000000`, `83020181845820${log}02815a80000000`],
      // entries: 2^32 − 1 of them; one of 2 GB
      hub: [
        `870a005820${log}0250${log.slice(32)}019affffffff`,
        `870a005820${log}0250${log.slice(32)}0181830a5820${log}5a80000000`,
      ],
    }
    for (const claim of claims[name]) {
      assert.equal(
        codeOf(() => fromFrame(Uint8Array.from(Buffer.from(claim, 'hex')))),
        'too-large',
      )
    }
  })
}

test('the reader takes only shortest forms and safe integers', () => {
  for (const hex of [
    '1817',
    '1900ff',
    '1a0000ffff',
    '1b00000000ffffffff',
    '1b0020000000000000',
    '1f',
    '1c',
    '20',
    'f6',
    'f97c00',
    '9f00ff',
  ]) {
    assert.equal(
      codeOf(() => createFrameReader(Uint8Array.from(Buffer.from(hex, 'hex'))).integer()),
      'bad-encoding',
      hex,
    )
  }
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      assert.equal(createFrameReader(encodeCbor(value)).integer(), value)
    }),
  )
})

test('a refusal of a later version of the hub, whose code is not known, is a plain refusal', () => {
  const message = frameToHubMessage(encodeCbor([9, 5, [[0], [77, 1000]]]))
  assert.deepEqual(message, {
    type: 'done',
    request: 5,
    results: [{ done: true }, { refused: 'refused', waitMs: 1000 }],
  })
})

test('a log to be resumed has a number and a mark for each of its lanes, and is followed by who may read it', () => {
  const [key, signature, ticket] = [32, 64, 40].map((length) => new Uint8Array(length)) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const frame = (...item: number[] | (number | number[])[]) =>
    encodeCbor([22, 1, [key, signature, ticket, new Uint8Array(16), [[key, ...item]]]])
  for (const good of [[3], [3, 0, []], [3, 5, [0, 0, 7, 9]], [2, 0, []], [33, 4, [1, 2 ** 53 - 1]]])
    assert.equal(frameToClientMessage(frame(...good)).type, 'resume')
  const bad: (number | number[])[][] = [
    [],
    [3, 1],
    [3, 16, []],
    [3, 5, [0, 0]],
    [3, 1, [0, 0, 1, 1]],
    [3, 1, [0, 4]],
    [2, 1, [0, 0]],
    [40],
    [3, 1, [1, 1], 0],
  ]
  for (const item of bad)
    assert.match(codeOf(() => frameToClientMessage(frame(...item))) ?? '', /bad-encoding|too-large/, String(item))
  const name = (...others: number[][]) => encodeCbor([23, 1, [[0, new Uint8Array(16), others]]])
  assert.equal(frameToHubMessage(name([0, 0, 0], [511, 8, 0])).type, 'resumed')
  for (const others of [
    [
      [1, 0, 0],
      [0, 0, 0],
    ],
    [
      [1, 0, 0],
      [1, 0, 0],
    ],
    [[512, 0, 0]],
    [[0, 0, 5]],
  ])
    assert.equal(
      codeOf(() => frameToHubMessage(name(...others))),
      'bad-encoding',
    )
})

test('the hello of another version is told from nonsense, however that version goes on', () => {
  const later = encodeCbor([0, protocolVersion + 1, 'something', ['new']])
  assert.equal(
    codeOf(() => frameToHubMessage(later)),
    'protocol-version',
  )
})

/** The value as text, with the fields of objects in one order and bytes in hexadecimal. */
function show(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Uint8Array) return toHex(part)
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([left], [right]) => (left < right ? -1 : 1)))
  })
}
