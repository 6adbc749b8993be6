import { concatBytes, fromHex, utf8 } from '@kith/core/bytes'
import { entryBytesMax, frameBytesMax } from '@kith/core/limits'
import { messageCodes, clientMessageToFrame, type ResumeItem } from '@kith/core/wire'
import type { Client } from '../client.ts'
import { expect, same } from '../expect.ts'
import { createLog, openLog, pullItem, random } from '../logs.ts'
import type { Check } from '../suite.ts'

const section = 'Frames'

/** Frames that no message has, by what is wrong with them. */
const malformed: Readonly<Record<string, Uint8Array>> = {
  'no bytes': new Uint8Array(0),
  'a number that is not in its shortest form': fromHex('8303180180'),
  'an array of indefinite length': fromHex('9f030180ff'),
  'a map': fromHex('a10301'),
  'a negative number': fromHex('83032080'),
  'a number with a fraction': fromHex('8303f93c0080'),
  'a text': fromHex('8303016161'),
  'a frame that is cut off': fromHex('830301'),
  'bytes after the end': fromHex('8303018000'),
}

function resumeOf(count: number, more: Partial<ResumeItem> = {}): Unnumbered {
  const cursors = [{ lane: 2, n: 0, mark: 0 }] as const
  return {
    type: 'resume',
    resumption: { publicKey: random(32), signature: random(64) },
    ticket: random(40),
    generation: undefined,
    logs: Array.from({ length: count }, () => ({ log: random(32), kind: 'space', rights: 1, cursors, ...more })),
  }
}

/** Well-formed, and none of the protocol's messages. */
const excluded: Readonly<Record<string, Uint8Array>> = {
  'an unknown code': fromHex('83182a0180'),
  'a code of the hub’s own': fromHex('83090180'),
  'the request number 0': fromHex('83030080'),
  'the request number 2^32': fromHex('83031b000000010000000080'),
  'an array of another length': fromHex('8403018080'),
  'an empty entry': message({
    type: 'put',
    puts: [{ log: random(32), lane: 2, entries: [new Uint8Array(0)], covers: [] }],
  }),
  'covered ids on lane 2': message({
    type: 'put',
    puts: [{ log: random(32), lane: 2, entries: [], covers: [random(32)] }],
  }),
  'a follow with a limit': message({ type: 'pull', pulls: [pullItem({ id: random(32) }, { follow: true, limit: 1 })] }),
  'ids in a pull of mode 0': message({ type: 'pull', pulls: [pullItem({ id: random(32) }, { ids: [random(32)] })] }),
  'a resume that follows without the read right': message(resumeOf(1, { rights: 2 })),
  'a mark of nothing': message(resumeOf(1, { cursors: [{ lane: 2, n: 0, mark: 1 }] })),
  'no ids in a pull of mode 2': message({ type: 'pull', pulls: [pullItem({ id: random(32) }, { mode: 'ids' })] }),
}

const signals = (count: number, bytes: number) =>
  message({
    type: 'signal',
    signals: Array.from({ length: count }, () => ({ log: random(32), to: undefined, bytes: random(bytes) })),
  })

/** A list or byte string one longer than the table allows, by what it is. */
const tooLong: Readonly<Record<string, () => Uint8Array>> = {
  '257 signals': () => signals(257, 1),
  'a signal of 64 KiB and one byte': () => signals(1, 64 * 1024 + 1),
  'an entry of 1 MiB and one byte': () =>
    message({ type: 'put', puts: [{ log: random(32), lane: 2, entries: [random(entryBytesMax + 1)], covers: [] }] }),
  '4,097 ids': () =>
    message({
      type: 'trim',
      trims: [{ log: random(32), ids: Array.from({ length: 4097 }, () => new Uint8Array(32)) }],
    }),
  'a stated length of 2^32 − 1': () => fromHex('8303019affffffff'),
  '513 logs of a resume': () => message(resumeOf(513)),
  '65 logs of a terms': () => message({ type: 'terms', logs: Array.from({ length: 65 }, () => random(32)) }),
}

type Unnumbered = Parameters<Client['ask']>[0]

function message(fields: Unnumbered): Uint8Array {
  return clientMessageToFrame({ ...fields, request: 1 })
}

const refusesAll =
  (frames: Readonly<Record<string, Uint8Array | (() => Uint8Array)>>, expected: string): Check['run'] =>
  async ({ connect }) => {
    const witness = await connect()
    for (const [what, frame] of Object.entries(frames)) {
      const client = await connect()
      client.send(typeof frame === 'function' ? frame() : frame)
      const { why } = await client.ended()
      expect(
        why === expected,
        `${what}: ${why === undefined ? 'no goodbye' : `a goodbye of ${why}`} instead of ${expected}`,
      )
    }
    const { results } = await witness.ask({ type: 'pull', pulls: [] })
    same(results.length, 0, 'others are served as before: results of an empty pull')
  }

export const frameChecks: readonly Check[] = [
  {
    name: 'no-extensions',
    section,
    says: 'A frame is one binary WebSocket message (RFC 6455) over `wss://`, or over `ws://` on one machine only, on any path, without extensions.',
    async run({ connect }) {
      const { extensions } = await connect({ compression: true })
      same(extensions, '', 'extensions that the hub agreed to')
    },
  },
  {
    name: 'malformed-frames',
    section,
    says: 'Anything else is refused: the hub says goodbye with `bad-encoding`, the client closes.',
    run: refusesAll(malformed, 'bad-encoding'),
  },
  {
    name: 'excluded-messages',
    section,
    says: 'So is a text message, a code that is not in the table, the request number 0, an array of another length, and whatever a verb below excludes: an empty entry, covered ids on another lane than 1, ids in a pull of another mode than 2 or none in one of mode 2, lanes to be followed in a `resume` without the read right, a mark where n is 0.',
    async run(bench) {
      await refusesAll(excluded, 'bad-encoding')(bench)
      const client = await bench.connect()
      client.send('a text')
      same((await client.ended()).why ?? 'none', 'bad-encoding', 'the goodbye to a text message')
    },
  },
  {
    name: 'lists-over-their-limit',
    section,
    says: 'Where only a list or a byte string is longer than its limit, the goodbye says `too-large`.',
    run: refusesAll(tooLong, 'too-large'),
  },
  {
    name: 'oversize-message',
    section,
    says: 'A WebSocket message over the limit is closed with 1009 as soon as its header is read.',
    async run({ connect }) {
      const client = await connect()
      const length = new Uint8Array(8)
      new DataView(length.buffer).setBigUint64(0, BigInt(frameBytesMax + 1))
      // A final binary message, masked; nothing of its payload is ever sent.
      client.raw.write(concatBytes(Uint8Array.of(0x82, 0xff), length, random(4)))
      same((await client.ended()).code, 1009, 'the close code')
    },
  },
  {
    name: 'pings',
    section,
    says: 'It answers WebSocket pings.',
    async run({ connect, waitMs }) {
      const client = await connect()
      const ping = utf8('kith')
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => reject(new Error('no pong came')), waitMs)
      client.raw.on('data', (data: Buffer) => {
        // A pong of four bytes, unmasked.
        if (data.includes(Buffer.concat([Buffer.of(0x8a, 4), ping]))) resolve()
      })
      const mask = random(4)
      client.raw.write(
        concatBytes(
          Uint8Array.of(0x89, 0x84),
          mask,
          ping.map((byte, at) => byte ^ mask[at]!),
        ),
      )
      await promise.finally(() => clearTimeout(timer))
    },
  },
  {
    name: 'request-numbers',
    section: 'The hub protocol',
    says: 'A request carries a number of the client’s choice, 1 to 2^32 − 1, that no request still under way has; its answer carries the same number and one result for each item, in order.',
    async run({ connect }) {
      const client = await connect()
      const log = createLog()
      await openLog(client, log)
      const numbers = [2 ** 32 - 1, 77, 24, 1000, 65_536]
      const unknown = createLog()
      const answers = await Promise.all(
        numbers.map((number) =>
          client.ask({ type: 'pull', pulls: [pullItem(log), pullItem(unknown), pullItem(log)] }, number),
        ),
      )
      for (const { results } of answers) {
        same(
          results.map(({ refused, news }) => refused ?? news),
          [false, 'refused', false],
          'results, in the order of the items',
        )
      }
      same(messageCodes.pulling, answers[0]!.frame[1], 'the code of the answer to a pull')
    },
  },
]
