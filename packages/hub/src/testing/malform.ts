/** For tests: frames that are almost right. Structure-aware: messages of the protocol's shape, then mistakes in them. */
import { type CborValue, encodeCbor, utf8 } from '@kith/core/bytes'
import { messageCodes } from '@kith/core/wire'
import type { Dice } from '@kith/testing/simulation'

/** The fields of a `resume`: whose key, its signature, ticket and generation, and the logs of the ticket. */
export type ResumeValue = [Uint8Array, Uint8Array, Uint8Array, Uint8Array, CborValue[][]]

/** What a client could know: right answers to some fields, so that frames come past the first checks. */
export type Known = {
  readonly logs: readonly Uint8Array[]
  readonly policies: readonly CborValue[]
  readonly entryIds: readonly Uint8Array[]
  readonly resume: ResumeValue | undefined
  /** By which a hub shows that it has its key. */
  readonly handshakes: readonly Uint8Array[]
}

export type Malformer = {
  /** A frame of a message in shape, or with one to three mistakes in it. */
  readonly frame: () => Uint8Array
}

const edges = [0, 1, 2, 3, 4, 23, 24, 255, 256, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]
const types = [
  'open',
  'resume',
  'put',
  'put',
  'pull',
  'pull',
  'signal',
  'trim',
  'terms',
  'join',
  'issue',
  'pay',
  'channel',
  'carry',
] as const
/** None of them leads anywhere. */
const addresses = ['ws://127.0.0.1:1', 'wss://[::1]/', 'file:///', 'wss://', '', 'x'.repeat(300)]
const byteLengths = [0, 1, 15, 16, 17, 31, 32, 33, 40, 41, 63, 64, 65, 300, 5000]

export function createMalformer({ roll: below, chance, pick }: Dice, known: () => Known): Malformer {
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => below(256))
  const some = <Item>(most: number, make: () => Item): Item[] => Array.from({ length: below(most + 1) }, make)
  const orRandom = (items: readonly Uint8Array[], length: number): Uint8Array =>
    items.length > 0 && chance(0.8) ? pick(items) : bytes(length)

  const log = (): Uint8Array => orRandom(known().logs, 32)
  const id = (): Uint8Array => orRandom(known().entryIds, 32)
  const proof = (): CborValue => [below(3), bytes(64)]
  /** Where one stands in some lanes: what no MAC is over. */
  const cursors = (): CborValue[] => {
    const lanes = below(16)
    const set = [0, 1, 2, 3].filter((lane) => (lanes & (1 << lane)) !== 0)
    return [lanes, set.flatMap(() => (chance(0.4) ? [0, 0] : [chance(0.6) ? 1 : pick(edges), pick(edges)]))]
  }
  const resume = (): CborValue => {
    const right = known().resume
    if (right === undefined || chance(0.2)) {
      const logs = some(4, () => [log(), below(40), ...(chance(0.2) ? [] : cursors())])
      return [bytes(32), bytes(64), bytes(40), bytes(16), logs]
    }
    const [key, signature, ticket, generation, logs] = right
    return [
      key,
      signature,
      ticket,
      chance(0.8) ? generation : chance(0.5) ? new Uint8Array(0) : bytes(16),
      logs.map(([id, what]) => [id!, what!, ...(chance(0.2) ? [] : cursors())]),
    ]
  }
  const policy = (): CborValue => (chance(0.6) ? pick(known().policies) : [key(), key(), key(), below(5)])
  const key = (): CborValue => (chance(0.5) ? below(2) : bytes(32))

  const fields: Readonly<Record<(typeof types)[number], () => CborValue[]>> = {
    open: () => [chance(0.7) ? [] : [bytes(32), bytes(64)], some(4, () => [policy(), some(3, proof)])],
    resume: () => [resume()],
    put: () => [
      some(4, () => {
        const lane = below(4)
        return [log(), lane, some(4, () => bytes(1 + below(300))), lane === 1 ? some(3, id) : []]
      }),
    ],
    pull: () => [
      some(4, () => {
        const mode = below(4)
        const follows = mode === 0 && chance(0.5)
        const generation = chance(0.7) ? new Uint8Array(0) : bytes(16)
        const limit = follows ? 0 : pick(edges)
        return [
          log(),
          below(4),
          mode,
          generation,
          pick(edges),
          limit,
          follows ? 1 : below(2) * 2,
          mode === 2 ? [id()] : [],
        ]
      }),
    ],
    signal: () => [some(4, () => [log(), chance(0.5) ? new Uint8Array(0) : bytes(16), bytes(below(300))])],
    trim: () => [some(3, () => [log(), some(4, id)])],
    terms: () => [some(3, log)],
    join: () => [[bytes(16), bytes(32), bytes(64)]],
    issue: () => [[bytes(32), bytes(64), some(3, () => bytes(259))]],
    pay: () => [some(3, () => [log(), some(2, () => bytes(354)), some(2, () => [below(30), pick(edges), bytes(8)])])],
    channel: () => [[below(2), orRandom(known().handshakes, 48)]],
    carry: () => [[chance(0.5) ? utf8(pick(addresses)) : bytes(pick(byteLengths)), bytes(32)]],
  }

  const message = (): CborValue => {
    const type = pick(types)
    return [messageCodes[type], 1 + below(2 ** 32 - 1), ...fields[type]()]
  }

  /** Anything, of any type: CBOR that means nothing here. */
  const anything = (depth = 0): CborValue => {
    switch (below(depth > 3 ? 6 : 8)) {
      case 0:
        return pick(edges)
      case 1:
        return -1 - below(1000)
      case 2:
        return below(2 ** 32) / 4096
      case 3:
        return bytes(pick(byteLengths))
      case 4:
        return pick([null, true, false])
      case 5:
        return 'x'.repeat(pick(byteLengths))
      case 6:
        return Array.from({ length: pick([0, 1, 2, 3, 50, 600]) }, () => pick(edges))
      default:
        return some(4, () => anything(depth + 1))
    }
  }

  const mistake = (value: CborValue): CborValue => {
    if (Array.isArray(value) && value.length > 0 && chance(0.85)) {
      const list = [...(value as CborValue[])]
      const at = below(list.length)
      const item = list[at] as CborValue
      if (chance(0.6)) list[at] = mistake(item)
      else if (chance(0.3)) list.splice(at, 1)
      else if (chance(0.5)) list.splice(at, 0, ...Array.from({ length: pick([1, 2, 40, 600]) }, () => item))
      else list[at] = anything()
      return list
    }
    if (typeof value === 'number' && chance(0.7)) return pick([...edges, value + 1, value - 1])
    if (value instanceof Uint8Array && chance(0.7))
      return chance(0.5) ? bytes(pick(byteLengths)) : value.subarray(0, Math.max(0, value.length - 1))
    return anything()
  }

  /** Mistakes below the structure: flipped, cut, lengthened, and lengths that lie. */
  const spoil = (frame: Uint8Array): Uint8Array => {
    const spoiled = Uint8Array.from(frame)
    switch (below(5)) {
      case 0:
        for (let flips = 1 + below(4); flips > 0 && spoiled.length > 0; flips -= 1)
          spoiled[below(spoiled.length)]! ^= 1 << below(8)
        return spoiled
      case 1:
        return spoiled.subarray(0, below(spoiled.length + 1))
      case 2:
        return Uint8Array.from([...spoiled, ...bytes(1 + below(8))])
      case 3: {
        const at = below(spoiled.length + 1)
        // An array, a byte string, a text or a map of almost 2^32, 2^64 or no stated length.
        const head = pick([
          [0x9a, 255, 255, 255, 255],
          [0x5a, 255, 255, 255, 255],
          [0x9f],
          [0x5f],
          [0xbb, ...bytes(8)],
          [0x7b, ...bytes(8)],
        ])
        return Uint8Array.from([...spoiled.subarray(0, at), ...head, ...spoiled.subarray(at)])
      }
      default:
        return bytes(below(200))
    }
  }

  return {
    frame: () => {
      let value = message()
      if (chance(0.25)) return encodeCbor(value)
      if (chance(0.25)) return spoil(encodeCbor(value))
      for (let mistakes = 1 + below(3); mistakes > 0; mistakes -= 1) value = mistake(value)
      const frame = encodeCbor(value)
      return chance(0.1) ? spoil(frame) : frame
    },
  }
}
