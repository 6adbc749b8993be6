import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createKith, type Kith } from '@kith/core'
import type { Platform } from '@kith/core/ports'
import { createNodePlatform, openKith } from '@kith/node'
import { letJoin } from './crowd.ts'
import { startWorker } from './processes.ts'
import { createRecords, indexedApp, recordsApp } from './records.ts'
import { median } from './statistics.ts'
import { measureSqlite } from './yardstick.ts'

/** `npm run benchmark -- [records] [part…]`: the numbers of README and of issue "First light", each beside its yardstick of the same run. */
const total = Number(process.argv[2] ?? 100_000)
const repeats = 5
const folder = mkdtempSync(join(tmpdir(), 'kith-benchmark-'))
const rows: { what: string; kith: string; yardstick: string; goal: string; met: boolean | undefined }[] = []
const add = (what: string, kith: string, yardstick: string, goal: string, met?: boolean): void => {
  rows.push({ what, kith, yardstick, goal, met })
  console.log(
    `${what.padEnd(52)} ${kith.padEnd(22)} ${yardstick.padEnd(30)} ${goal} ${met === undefined ? '' : met ? 'met' : 'MISSED'}`,
  )
}
const round = (value: number, digits = 0): string => value.toFixed(digits)

/** Writing, alternating with the yardsticks so that noise hits all alike. */
const measureWriting = async (app: typeof recordsApp | typeof indexedApp, isIndexed: boolean): Promise<void> => {
  const records = createRecords(total)
  const rates: { kith: number; text: number; rowid: number }[] = []
  let kithBytes = 0
  let textBytes = 0
  for (let run = 0; run < repeats; run += 1) {
    const path = join(folder, 'write')
    rmSync(path, { recursive: true, force: true })
    const kith = await openKith({ path, name: 'A' })
    const space = await kith.createSpace(app, { name: 'W' })
    const ids: string[] = []
    const start = performance.now()
    for (let at = 0; at < total; at += 1000) {
      await space.transact((tx) => {
        for (let index = at; index < at + 1000; index += 1)
          ids.push(tx.records.insert(records[index] as (typeof records)[number]))
      })
    }
    const kithRate = total / ((performance.now() - start) / 1000)
    await kith.close()
    kithBytes = (await import('node:fs')).statSync(join(path, 'kith.db')).size / total
    const text = measureSqlite(join(folder, 'text.db'), ids, total, isIndexed)
    const rowid = measureSqlite(join(folder, 'rowid.db'), undefined, total, isIndexed)
    textBytes = text.bytesPerRecord
    rates.push({ kith: kithRate, text: text.recordsPerSecond, rowid: rowid.recordsPerSecond })
  }
  const name = isIndexed ? ', one secondary index' : ''
  const toText = median(rates.map((rate) => rate.kith / rate.text))
  const toRowid = median(rates.map((rate) => rate.kith / rate.rowid))
  add(
    `write ${total} records, 1,000 a transaction${name}`,
    `${round(median(rates.map((rate) => rate.kith)))}/s = ${round(100 * toText)} % of Y`,
    `Y ${round(median(rates.map((rate) => rate.text)))}/s`,
    '≥ 50 % of Y',
    toText >= 0.5,
  )
  add(
    `  against a bare rowid table${name}`,
    `${round(100 * toRowid)} %`,
    `${round(median(rates.map((rate) => rate.rowid)))}/s`,
    '≥ 20 %',
    toRowid >= 0.2,
  )
  add(
    `  disk${name}`,
    `${round(kithBytes)} bytes a record`,
    `Y ${round(textBytes)}`,
    '≤ 2 × Y',
    kithBytes <= 2 * textBytes,
  )
}

const measureSharing = async (): Promise<void> => {
  const hub = startWorker('hub.worker.ts')
  const alice = startWorker('peer.worker.ts')
  const bob = startWorker('peer.worker.ts')
  const clara = startWorker('peer.worker.ts')
  try {
    const url = await hub.ask<string>('start', join(folder, 'hub.db'))
    const paths = { alice: join(folder, 'alice'), bob: join(folder, 'bob'), clara: join(folder, 'clara') }
    await alice.ask('open', { path: paths.alice, hubs: [url], name: 'Alice' })
    await alice.ask('create')
    await alice.ask('write', { total, from: 0 })
    await alice.ask('synced')
    const sent = await alice.ask<number>('sentBytes')
    add('  on the wire, up', `${round(sent / total, 1)} bytes a record`, '', '≤ 35', sent / total <= 35)
    const link = await alice.ask<string>('invite')
    await bob.ask('open', { path: paths.bob, hubs: [], name: 'Bob' })
    const cold = await bob.ask<{ joined: number; complete: number; receivedBytes: number }>('join', { link, total })
    add(
      'a fresh device has them after joining',
      `${round(cold.complete)} ms`,
      `member after ${round(cold.joined)} ms`,
      '≤ 2,000 ms',
      cold.complete <= 2000,
    )
    add(
      '  on the wire, down',
      `${round(cold.receivedBytes / total, 1)} bytes a record`,
      '',
      '≤ 35',
      cold.receivedBytes / total <= 35,
    )
    await clara.ask('open', { path: paths.clara, hubs: [], name: 'Clara' })
    const again = await clara.ask<{ complete: number }>('join', { link, total })
    add('  a second one', `${round(again.complete)} ms`, '', '≤ 2,000 ms', again.complete <= 2000)
    const totals = await hub.ask<{ bytes: number; megabytes: number }>('totals')
    add('  stored at the hub', `${round(totals.bytes / total, 1)} bytes a record`, '', '')

    const relayUrl = await hub.ask<string>('relay')
    await alice.ask('connect', relayUrl)
    await bob.ask('connect', relayUrl)
    await bob.ask('relayEcho')
    const id = await alice.ask<string>('insertOne')
    await alice.ask('synced')
    await bob.ask('echo', id)
    const relay = (await alice.ask<number[]>('relayPing', 100)).map((time) => time / 2)
    const edits = (await alice.ask<number[]>('ping', { id, rounds: 200 })).map((time) => time / 2)
    edits.sort((left, right) => left - right)
    add(
      'a live edit reaches the other process',
      `median ${round(median(edits), 2)} ms, p99 ${round(edits[Math.floor(edits.length * 0.99)] as number, 1)} ms`,
      `bare relay ${round(median(relay), 2)} ms`,
      '≤ 4 ms',
      median(edits) <= 4,
    )

    const [aliceMegabytes, bobMegabytes] = [await alice.ask<number>('peak'), await bob.ask<number>('peak')]
    add(
      'memory at most: writer, joiner, hub',
      `${aliceMegabytes}, ${bobMegabytes}, ${totals.megabytes} MB`,
      '',
      '≤ 250 MB',
      Math.max(aliceMegabytes, bobMegabytes) <= 250,
    )
    await clara.ask('close')
    const times: number[] = []
    for (let run = 0; run < repeats; run += 1) {
      times.push(await clara.ask<number>('reopen', { path: paths.clara, hubs: [], name: 'Clara' }))
      await clara.ask('close')
    }
    const fresh = startWorker('peer.worker.ts')
    const cold1 = await fresh.ask<number>('reopen', { path: paths.clara, hubs: [], name: 'Clara' })
    await fresh.stop()
    add(
      `reopen ${total} rows to the first query`,
      `${round(median(times))} ms`,
      `in a new process ${round(cold1)} ms`,
      '≤ 100 ms',
      cold1 <= 100,
    )
  } finally {
    await Promise.all([alice, bob, clara].map((worker) => worker.stop()))
    await hub.stop()
  }
}

/** The music shop of the demonstration, in processes that have done nothing before. */
const measureMusic = async (): Promise<void> => {
  const hub = startWorker('hub.worker.ts')
  const imports: number[] = []
  const joins: number[] = []
  let bytes = 0
  try {
    const url = await hub.ask<string>('start', join(folder, 'music-hub.db'))
    for (let run = 0; run < 3; run += 1) {
      const alice = startWorker('peer.worker.ts')
      const bob = startWorker('peer.worker.ts')
      try {
        await alice.ask('open', { path: join(folder, `music-alice-${run}`), hubs: [url], name: 'Alice' })
        await bob.ask('open', { path: join(folder, `music-bob-${run}`), hubs: [], name: 'Bob' })
        const {
          importMs,
          rows: music,
          link,
        } = await alice.ask<{ importMs: number; rows: number; link: string }>('importMusic')
        const joined = await bob.ask<{ complete: number; receivedBytes: number }>('joinMusic', { link, rows: music })
        imports.push(importMs)
        joins.push(joined.complete)
        bytes = joined.receivedBytes / music
      } finally {
        await Promise.all([alice.stop(), bob.stop()])
      }
    }
  } finally {
    await hub.stop()
  }
  add(
    'import of Chinook, 15,607 rows',
    `${round(median(imports))} ms`,
    'median of 3 new processes',
    '≤ 1,000 ms',
    median(imports) <= 1000,
  )
  add('  Bob complete after joining', `${round(median(joins))} ms`, '', '≤ 1,000 ms', median(joins) <= 1000)
  add('  on the wire, down', `${round(bytes, 1)} bytes a row`, '', '≤ 50', bytes <= 50)
}

/** A single write must not cost more as the data grows. */
const measureGrowth = async (): Promise<void> => {
  const sizes = [1_000, 10_000, 100_000].filter((size) => size <= total)
  const medians: number[] = []
  for (const size of sizes) {
    const peer = startWorker('peer.worker.ts')
    try {
      await peer.ask('open', { path: join(folder, `grow-${size}`), hubs: [], name: 'A' })
      await peer.ask('create')
      await peer.ask('write', { total: size, from: 0 })
      medians.push(await peer.ask<number>('singles', 500))
    } finally {
      await peer.stop()
    }
  }
  const growth = (medians.at(-1) as number) / (medians[0] as number)
  add(
    `one durable insert with ${sizes.join(' / ')} rows`,
    `${medians.map((value) => round(value, 2)).join(' / ')} ms`,
    'median of 500 each',
    'flat (≤ 1.5 ×)',
    growth <= 1.5,
  )
}

/** All that comes over the network, on every connection. */
const countReceived = (platform: Platform): { platform: Platform; receivedBytes: () => number } => {
  let bytes = 0
  const connect: Platform['network']['connect'] = (url, events) => {
    const received = (message: Uint8Array): void => {
      bytes += message.length
      events.received(message)
    }
    return platform.network.connect(url, { ...events, received })
  }
  return { platform: { ...platform, network: { connect } }, receivedBytes: () => bytes }
}

/** A space of a thousand, and what it costs to remove one of them: in time for who removes, and in bytes to a hub. */
const measureMembership = async (): Promise<void> => {
  const members = 1_000
  const hub = startWorker('hub.worker.ts')
  const open = (name: string, url: string) => openKith({ path: join(folder, `crowd-${name}`), name, hubs: [url] })
  try {
    const url = await hub.ask<string>('start', join(folder, 'crowd-hub.db'))
    const alice = await open('alice', url)
    const space = await alice.createSpace(recordsApp, { name: 'Crowd' })
    const records = createRecords(total)
    for (let at = 0; at < total; at += 1000) {
      await space.transact((tx) => {
        for (const record of records.slice(at, at + 1000)) tx.records.insert(record)
      })
    }
    const link = await space.invite({ role: 'writer' })
    await space.synced({ timeoutMs: 60_000 })
    /** Until all rows are here: by somebody new each time. */
    const enter = async (name: string): Promise<{ kith: Kith; ms: number; bytes: number }> => {
      const { platform, receivedBytes } = countReceived(await createNodePlatform(join(folder, `crowd-${name}.db`)))
      const kith = await createKith(platform, { name, hubs: [url] })
      const began = performance.now()
      const joined = await kith.join(recordsApp, link)
      await joined.synced({ timeoutMs: 60_000 })
      const [count] = await joined.query((q) =>
        q.selectFrom('records').select((of) => of.fn.countAll<number>().as('rows')),
      )
      if (count?.rows !== total) throw new Error(`${count?.rows} of ${total} rows came`)
      return { kith, ms: performance.now() - began, bytes: receivedBytes() }
    }
    const joinThrice = async (name: string) => {
      const joined = [await enter(`${name}1`), await enter(`${name}2`), await enter(`${name}3`)]
      await Promise.all(joined.map(({ kith }) => kith.close()))
      return { ms: median(joined.map(({ ms }) => ms)), bytes: median(joined.map(({ bytes }) => bytes)) }
    }
    const few = await joinThrice('few')
    await letJoin(url, link, members - 8)
    await space.synced({ timeoutMs: 60_000 })
    const many = await joinThrice('many')
    const bob = await open('bob', url)
    await (await bob.join(recordsApp, link)).synced({ timeoutMs: 60_000 })
    await space.synced({ timeoutMs: 60_000 })
    const isCheap = many.ms <= 1.2 * few.ms && many.bytes <= 1.2 * few.bytes
    add(
      `join a space of ${members} with ${total} records`,
      `${round(many.ms)} ms, ${round(many.bytes / 1000)} kB`,
      `with 4 members ${round(few.ms)} ms, ${round(few.bytes / 1000)} kB`,
      '≤ 1.2 ×',
      isCheap,
    )
    let start = performance.now()
    const sent = async (): Promise<number> => (await alice.status()).hubs[0]?.sentBytes ?? 0
    const remove = async (what: string): Promise<void> => {
      const target = (await space.members()).find(({ rank, address }) => rank === 'writer' && address !== bob.address)
      const count = (await space.members()).length
      const before = await sent()
      start = performance.now()
      await space.remove(target?.address ?? '')
      const removedMs = performance.now() - start
      await space.synced({ timeoutMs: 60_000 })
      const bytes = (await sent()) - before
      const isMet = removedMs <= 1000 && bytes <= 150_000
      const cost = `${round(removedMs)} ms, ${round(bytes / 1000)} kB`
      add(`  remove one of ${count}${what}`, cost, '', '≤ 1,000 ms, ≤ 150 kB', isMet)
    }
    await remove(', ending the open link by which all came')
    await remove('')
    await Promise.all([alice.close(), bob.close()])
  } finally {
    await hub.stop()
  }
}

const parts: Record<string, () => Promise<void>> = {
  writing: () => measureWriting(recordsApp, false),
  indexed: () => measureWriting(indexedApp, true),
  sharing: measureSharing,
  music: measureMusic,
  growth: measureGrowth,
  membership: measureMembership,
}
const wanted = process.argv.slice(3)
try {
  for (const [name, measure] of Object.entries(parts)) if (wanted.length === 0 || wanted.includes(name)) await measure()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
const table = [
  `# Results, ${new Date().toISOString().slice(0, 10)}`,
  '',
  `Node ${process.versions.node}, ${cpus().length} shared cores (${cpus()[0]?.model.trim()}), ${total} records of 128 bytes of JSON, ${repeats} runs, medians. Made by \`npm run benchmark\`.`,
  '',
  '| what | Kith | yardstick of the same run | goal | |',
  '|---|---|---|---|---|',
  ...rows.map(
    (row) =>
      `| ${row.what.trim()} | ${row.kith} | ${row.yardstick} | ${row.goal} | ${row.met === undefined ? '' : row.met ? 'met' : '**missed**'} |`,
  ),
  '',
].join('\n')
if (wanted.length === 0) mkdirSync(new URL('results', import.meta.url), { recursive: true })
if (wanted.length === 0) writeFileSync(new URL('results/first-light.md', import.meta.url), table)
