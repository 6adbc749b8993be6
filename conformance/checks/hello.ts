import { entryBytesMax, frameBytesMax, logsPerOpenMax } from '@kith/core/limits'
import { protocolVersion } from '@kith/core/wire'
import { expect, same, Skipped } from '../expect.ts'
import { createLog, random } from '../logs.ts'
import type { Check } from '../suite.ts'

const dayMs = 24 * 60 * 60 * 1000
/** Of a connection: more would cost a public hub too much. */
const logsMost = 8192

export const helloChecks: readonly Check[] = [
  {
    name: 'hello-identity',
    section: 'Hello',
    says: "hub key: the hub's static X25519 public key, made once and kept in its database.",
    async run({ connect }) {
      const [a, b] = [await connect(), await connect()]
      same(a.hello.version, protocolVersion, 'the version')
      same(a.hello.hubKey, b.hello.hubKey, 'the hub’s key on a second connection')
      expect(
        a.hello.hubKey.some((byte) => byte !== 0),
        'the hub’s key is all zero',
      )
    },
  },
  {
    name: 'hello-nonce',
    section: 'Hello',
    says: 'nonce: 32 random bytes for this connection.',
    async run({ connect }) {
      const nonces = [await connect(), await connect(), await connect()].map(({ hello }) => String(hello.nonce))
      same(new Set(nonces).size, 3, 'different nonces of three connections')
    },
  },
  {
    name: 'hello-time',
    section: 'Hello',
    says: "time: the hub's clock, milliseconds since 1970 UTC.",
    async run({ connect }) {
      const { hello } = await connect()
      const days = Math.abs(hello.timeMs - Date.now()) / dayMs
      expect(days < 1, `the hub’s clock is ${days.toFixed(1)} days from this machine’s`)
    },
  },
  {
    name: 'limits-announced',
    section: 'Hello',
    says: 'the limits of this hub; the first three are never above those of the table.',
    async run({ connect }) {
      const { limits } = (await connect()).hello
      expect(limits.frameBytesMax <= frameBytesMax, `frames of ${limits.frameBytesMax} bytes`)
      expect(limits.entryBytesMax <= entryBytesMax, `entries of ${limits.entryBytesMax} bytes`)
      expect(limits.logsPerOpenMax <= logsPerOpenMax, `${limits.logsPerOpenMax} logs in an open`)
      expect(
        Object.values(limits).every((limit) => limit > 0),
        'a limit is 0',
      )
    },
  },
  {
    name: 'logs-of-a-connection',
    section: 'Refusals',
    says: 'bytes or entries of the log, or logs of the connection',
    async run({ connect }) {
      const client = await connect()
      const { logsPerConnectionMax, logsPerOpenMax: most } = client.hello.limits
      if (logsPerConnectionMax > logsMost)
        throw new Skipped(`${logsPerConnectionMax} logs would have to be opened; up to ${logsMost} are`)
      // A box that everybody may write to needs no signature.
      const { policy } = createLog('knock')
      const item = () => ({ policy: { ...policy, admin: 'none' as const, read: freshKey() }, proofs: [] })
      const results = []
      while (results.length <= logsPerConnectionMax) {
        const count = Math.min(most, logsPerConnectionMax + 1 - results.length)
        const logs = Array.from({ length: count }, item)
        results.push(...(await client.ask({ type: 'open', resumption: undefined, logs })).results)
      }
      const granted = results.filter(({ refused }) => refused === undefined).length
      same(granted, logsPerConnectionMax, 'logs that were opened')
      same(results.at(-1)?.refused ?? 'granted', 'quota-full', 'one more')
    },
  },
]

/** Half of all 32-byte strings are no points of the curve, which a hub need not find out before a signature is checked. */
function freshKey(): Uint8Array {
  const key = random(32)
  key[31]! &= 0x3f
  return key
}
