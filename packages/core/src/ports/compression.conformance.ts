/** What every adapter of the `Compression` port must do, whatever runs the tests: each case throws when it fails. */
import { concatBytes, equalBytes, fromHex, KithError, utf8 } from '../bytes/index.ts'
import type { Compression } from './compression.ts'
import type { ConformanceCase } from './crypto.conformance.ts'

const mebibyte = 1024 * 1024

export const compressionConformance: readonly ConformanceCase<Compression>[] = [
  {
    name: 'what was deflated inflates to the same bytes, from none to a mebibyte',
    run({ deflate, inflate }) {
      for (const bytes of samples()) {
        const unpacked = inflate(deflate(bytes), bytes.length)
        check(equalBytes(unpacked, bytes), `${bytes.length} bytes`)
        check(unpacked.constructor === Uint8Array, 'a plain Uint8Array')
      }
    },
  },
  {
    name: 'streams of another DEFLATE are read: stored, fixed and dynamic blocks',
    run({ inflate }) {
      check(equalBytes(inflate(fromHex('010500faff68656c6c6f'), 5), utf8('hello')), 'a stored block')
      check(equalBytes(inflate(fromHex('cb48cdc9c90700'), 5), utf8('hello')), 'a fixed block')
      check(
        equalBytes(
          inflate(concatBytes(fromHex('000500faff68656c6c6f'), fromHex('cb48cdc9c90700')), 10),
          utf8('hellohello'),
        ),
        'two blocks',
      )
    },
  },
  {
    name: 'a bound that is met is kept, and one byte more is too-large',
    run({ deflate, inflate }) {
      for (const bytes of samples()) {
        if (bytes.length === 0) continue
        refuses(() => inflate(deflate(bytes), bytes.length - 1), 'too-large')
      }
    },
  },
  {
    name: 'ten gigabytes in a few packed megabytes are refused without unpacking them',
    run({ inflate }) {
      const packed = tenGigabytesOfZeros()
      const begun = performance.now()
      refuses(() => inflate(packed, 8 * mebibyte), 'too-large')
      // A guard against unpacking all of it (20 s and more), not a measurement.
      check(performance.now() - begun < 5_000, 'in less than five seconds')
    },
  },
  {
    name: 'damaged and cut-off streams are bad-encoding',
    run({ deflate, inflate }) {
      const packed = deflate(utf8('All of a segment, or nothing of it. '.repeat(40)))
      for (let length = 0; length < packed.length; length += 1) {
        refuses(() => inflate(packed.subarray(0, length), mebibyte), 'bad-encoding')
      }
      refuses(() => inflate(fromHex('07'), mebibyte), 'bad-encoding')
      refuses(() => inflate(fromHex('030200'), mebibyte), 'bad-encoding')
    },
  },
]

function samples(): Uint8Array[] {
  const mixed = new Uint8Array(mebibyte)
  let state = 1
  for (let at = 0; at < mixed.length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    mixed[at] = at % 3 === 0 ? state >>> 24 : at >>> 8
  }
  return [
    new Uint8Array(0),
    Uint8Array.of(0),
    utf8('a'),
    utf8('kith '.repeat(1_000)),
    new Uint8Array(mebibyte),
    mixed,
    mixed.subarray(0, 70_000),
  ]
}

/** One mebibyte of zeros as DEFLATE blocks that end at a byte and are not the last, ten thousand times over. */
function tenGigabytesOfZeros(): Uint8Array {
  // A fixed block with one literal zero and then matches of 258 at distance 1, each 13 bits: written bit by bit.
  const bits: number[] = [0, 1, 0]
  const push = (value: number, count: number): void => {
    for (let at = count - 1; at >= 0; at -= 1) bits.push((value >> at) & 1)
  }
  push(0x30, 8)
  for (let count = 0; count < 4_064; count += 1) {
    push(0xc5, 8)
    push(0, 5)
  }
  push(0, 7)
  // An empty stored block brings the stream to a byte boundary (what zlib calls a flush).
  bits.push(0, 0, 0)
  while (bits.length % 8 !== 0) bits.push(0)
  const block = new Uint8Array(bits.length / 8 + 4)
  bits.forEach((bit, at) => {
    block[at >> 3]! |= bit << (at & 7)
  })
  block.set([0, 0, 0xff, 0xff], bits.length / 8)
  const repeats = 10_000
  const bomb = new Uint8Array(block.length * repeats)
  for (let count = 0; count < repeats; count += 1) bomb.set(block, count * block.length)
  return bomb
}

function refuses(run: () => unknown, code: string): void {
  try {
    run()
  } catch (error) {
    if (error instanceof KithError && error.code === code) return
    throw error
  }
  throw new Error(`The adapter does not conform: it accepted what must be ${code}`)
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The adapter does not conform: ${what}`)
}
