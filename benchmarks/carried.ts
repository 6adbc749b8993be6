/** `npm run benchmark -- carried`: what a connection costs that another hub carries, beside a direct one, in turn. Writes `results/carried.md`. */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { toBase64Url } from '@kith/core/bytes'
import type { Platform } from '@kith/core/ports'
import { carried, connectHub, type HubConnection, type HubEntries } from '@kith/core/sync'
import { type Policy, policyToLogId } from '@kith/core/wire'
import { createNodePlatform } from '@kith/node'
import { startWorker } from './processes.ts'
import { median } from './statistics.ts'

const rounds = 5
const connects = 40
const edits = 100
const entryBytes = 300
const [bulkEntries, bulkEntryBytes] = [512, 64 * 1024]

const [target, carrier] = [startWorker('./hub.worker.ts'), startWorker('./hub.worker.ts')]
const url = await target.ask<string>('start', ':memory:')
const key = await target.ask<Uint8Array>('key')
const carrierUrl = await carrier.ask<string>('carry', [url])
const direct = await createNodePlatform(':memory:')
const through = await carried(direct, { through: [carrierUrl], hubKeys: { [url]: toBase64Url(key) } })

const connect = (platform: Platform, entries: (event: HubEntries) => void = () => {}): HubConnection =>
  connectHub({ url, ...platform, events: { opened() {}, entries, signal() {}, closed() {} } })

/** A log of random keys. */
const createLog = () => {
  const { crypto } = direct
  const [read, write] = [crypto.randomBytes(32), crypto.randomBytes(32)]
  const policy: Policy = {
    read: crypto.ed25519PublicKey(read),
    write: crypto.ed25519PublicKey(write),
    admin: 'none',
    kind: 'space',
  }
  const rights = [
    { right: 'read' as const, seed: read },
    { right: 'write' as const, seed: write },
  ]
  return { id: policyToLogId(policy, crypto), wish: { policy, rights } }
}

type Figures = { connectMs: number; liveMs: number; putPerSecond: number; pullPerSecond: number }

const measure = async (platform: Platform): Promise<Figures> => {
  const connectMs: number[] = []
  for (let n = 0; n < connects; n += 1) {
    const start = performance.now()
    const connection = connect(platform)
    await connection.terms()
    connectMs.push(performance.now() - start)
    connection.close()
  }

  const log = createLog()
  let heard = (_: number): void => {}
  const writer = connect(platform)
  const reader = connect(platform, ({ entries }) => entries.length > 0 && heard(entries.length))
  await writer.open([log.wish])
  await reader.open([log.wish])
  await reader.pull([{ log: log.id, lane: 2, follow: true }])
  const liveMs: number[] = []
  for (let n = 0; n < edits; n += 1) {
    const came = new Promise((resolve) => {
      heard = resolve
    })
    const start = performance.now()
    const stored = writer.put(log.id, 2, [direct.crypto.randomBytes(entryBytes)])
    await came
    liveMs.push(performance.now() - start)
    await stored
  }
  reader.close()

  const bulk = createLog()
  await writer.open([bulk.wish])
  const entries = Array.from({ length: bulkEntries }, () => direct.crypto.randomBytes(bulkEntryBytes))
  const mebibytes = (bulkEntries * bulkEntryBytes) / 2 ** 20
  const putStart = performance.now()
  await writer.put(bulk.id, 2, entries)
  const putPerSecond = mebibytes / ((performance.now() - putStart) / 1000)
  writer.close()

  let left = bulkEntries
  const all = Promise.withResolvers<void>()
  const puller = connect(platform, (event) => {
    left -= event.entries.length
    if (left === 0) all.resolve()
  })
  await puller.open([bulk.wish])
  const pullStart = performance.now()
  await puller.pull([{ log: bulk.id, lane: 2 }])
  await all.promise
  const pullPerSecond = mebibytes / ((performance.now() - pullStart) / 1000)
  puller.close()
  return { connectMs: median(connectMs), liveMs: median(liveMs), putPerSecond, pullPerSecond }
}

const figures: { direct: Figures[]; carried: Figures[] } = { direct: [], carried: [] }
// Once for nothing: code is compiled. Then in turn, so that noise hits both alike.
for (let round = 0; round <= rounds; round += 1) {
  const [one, other] = [await measure(direct), await measure(through)]
  if (round === 0) continue
  figures.direct.push(one)
  figures.carried.push(other)
}
await Promise.all([target.stop(), carrier.stop()])

const rows = (
  [
    ['connectMs', 'ms from dialling until the hub has answered a first question'],
    ['liveMs', `ms from a put of ${entryBytes} bytes to its coming to a follower; both ends carried`],
    ['putPerSecond', `MiB/s put, entries of ${bulkEntryBytes / 1024} KiB`],
    ['pullPerSecond', 'MiB/s pulled, the same'],
  ] as [keyof Figures, string][]
).map(([what, meaning]) => {
  const [one, other] = [figures.direct, figures.carried].map((all) => median(all.map((each) => each[what])))
  return `| ${meaning} | ${one?.toFixed(1)} | ${other?.toFixed(1)} | ×${((other ?? 0) / (one ?? 1)).toFixed(2)} |`
})
const document = `# Carried connections

Medians of ${rounds} rounds, direct and carried in turn; the hub, the one that carries and the clients are three processes on one machine of ${cpus().length} cores, in memory, without a line's delay: this is what
handshakes, sealing and passing on cost. On real lines add, for each message, the way through the carrier; and for each connection, to the round trips of a direct one (TCP, TLS, WebSocket), one for \`carry\`, one for \`channel\`, and the carrier's own to the hub: TCP, TLS, WebSocket and its proof. \`npm run benchmark -- carried\`.

| | direct | carried | ratio |
|---|---|---|---|
${rows.join('\n')}

Differences under 1.5 × mean nothing. Bytes: padding adds 6 % at most, a piece of up to 64 KiB 16 bytes; no frame is below 272. From 64 MiB on a carrier passes 8 MiB/s of a connection, unless its operator says otherwise.
`
writeFileSync(new URL('./results/carried.md', import.meta.url), document)
console.log(document)
