import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test, type TestContext } from 'node:test'
import { deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { dumpHub, listColumns, searchDump, searchEntries } from './dump.ts'
import { type HostedHub, type Keeping, startHostedHub } from './hub-host.ts'
import { runMonth } from './month.ts'
import { createFinder, type Form } from './needles.ts'
import { unpackRaw, unpackStreams } from './unpack.ts'

const secret = 'Gurkentruppe am Dienstag'
const needles = [{ name: 'the secret', bytes: Buffer.from(secret) }]

const makeFolder = (context: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-blindness-'))
  context.after(() => rmSync(folder, { recursive: true }))
  return folder
}

const inHub = async (context: TestContext, startMs: number): Promise<{ hub: HostedHub; folder: string }> => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-blindness-'))
  const hub = await startHostedHub(folder, startMs)
  context.after(async () => {
    await hub.close()
    rmSync(folder, { recursive: true })
  })
  return { hub, folder }
}

for (const [what, bytes, form] of [
  ['as it is', Buffer.from(`..${secret}..`), 'raw'],
  ['in hex', Buffer.from(Buffer.from(`.${secret}.`).toString('hex')), 'hex'],
  ['in hex of capitals', Buffer.from(Buffer.from(`.${secret}.`).toString('hex').toUpperCase()), 'hex'],
  ['in base64', Buffer.from(Buffer.from(`${secret}..`).toString('base64')), 'base64'],
  ['in base64 behind one byte', Buffer.from(Buffer.from(`.${secret}..`).toString('base64')), 'base64'],
  ['in base64 behind two bytes', Buffer.from(Buffer.from(`..${secret}.`).toString('base64url')), 'base64'],
  ['in UTF-16', Buffer.from(`.${secret}`, 'utf16le'), 'UTF-16'],
  ['in UTF-16 of the other order', Buffer.from(`.${secret}`, 'utf16le').swap16(), 'UTF-16'],
] as [string, Buffer, Form][])
  test(`a string is found ${what}`, () => {
    assert.deepEqual(createFinder(needles).find(bytes), [{ name: 'the secret', form }])
  })

test('what a string is part of is found, and its beginning alone is not', () => {
  const { find } = createFinder(needles)
  assert.equal(find(Buffer.from(`${'x'.repeat(1000)}${secret}`)).length, 1)
  assert.equal(find(Buffer.from(secret.slice(0, -1))).length, 0)
  assert.equal(find(new Uint8Array(3)).length, 0)
})

test('what was compressed is unpacked, wherever it begins and though its end is missing', () => {
  const text = Buffer.from(secret.repeat(20))
  const streams = [gzipSync(text), zstdCompressSync(text), gzipSync(text).subarray(0, -6)]
  for (const stream of streams) {
    const unpacked = unpackStreams(Buffer.concat([Buffer.from('head '), stream, Buffer.from(' tail')]))
    assert.equal(
      unpacked.some((bytes) => createFinder(needles).find(bytes).length === 1),
      true,
    )
  }
  const entry = Buffer.concat([Buffer.alloc(67, 7), deflateRawSync(text)])
  assert.equal(
    unpackRaw(entry, [66, 67]).some((bytes) => createFinder(needles).find(bytes).length === 1),
    true,
  )
})

test('a row that was deleted is found in a free page', (context) => {
  const path = join(makeFolder(context), 'a.db')
  const database = new DatabaseSync(path)
  database.exec('PRAGMA secure_delete = OFF; CREATE TABLE t (a TEXT)')
  database.prepare('INSERT INTO t VALUES (?)').run(secret)
  database.exec('DELETE FROM t')
  database.close()
  assert.equal(searchDump([{ place: 'a', path, isMemory: false }], needles).length, 1)
})

test('an entry that is not sealed is noticed, though nobody knows what it says', (context) => {
  const folder = makeFolder(context)
  const database = new DatabaseSync(join(folder, 'hub.db'))
  database.exec('CREATE TABLE entry (outside BLOB, bytes BLOB)')
  database.prepare('INSERT INTO entry VALUES (NULL, ?)').run(Buffer.from('plain words '.repeat(50)))
  database.close()
  mkdirSync(join(folder, 'hub.db-entries', '00'), { recursive: true })
  writeFileSync(join(folder, 'hub.db-entries', '00', '11'), Buffer.alloc(500))
  const { entries, faults } = searchEntries(folder, needles)
  assert.deepEqual([entries, faults.length], [2, 2])
})

/** Where each must be found: also in the memory, if that can be read. */
const keepings: Record<Keeping, RegExp> = {
  'as a string in memory': /heap snapshot/,
  'as bytes in memory': /process memory/,
  'in the log, in base64': /hub\.log/,
  'in a file, in UTF-16': /hub\.db-notes/,
  'in a file, in gzip': /hub\.db-more/,
}

test('a hub that keeps a text is caught, however it does', { timeout: 300_000 }, async (context) => {
  const { hub, folder } = await inHub(context, Date.now())
  const texts = Object.keys(keepings).map((how, n) => ({ how: how as Keeping, text: `Not for the hub, number ${n}` }))
  for (const { how, text } of texts) await hub.keep(how, text)
  const dump = await dumpHub(hub, folder)
  const found = searchDump(
    dump.files,
    texts.map(({ how, text }) => ({ name: how, bytes: Buffer.from(text) })),
  )
  for (const { how } of texts) {
    if (how === 'as bytes in memory' && !dump.hasProcessMemory) continue
    const places = found.filter(({ name }) => name === how).map(({ place }) => place)
    assert.ok(
      places.some((place) => keepings[how].test(place)),
      `${how}: found in ${places.join(', ') || 'no place'}`,
    )
  }
})

/** The whole month of 200 people, 2 minutes: `npm run blindness`. */
const users = 24
const days = 30

test('after a month, a hub has nothing of what people wrote, are called, use or come from', {
  timeout: 600_000,
}, async (context) => {
  const startMs = Date.now()
  const { hub, folder } = await inHub(context, startMs)
  const month = await runMonth({ hub, users, days, seed: 'blindness', startMs })
  context.after(month.close)
  while ((await hub.connections()) > 0) await new Promise((resolve) => setImmediate(resolve))
  const dump = await dumpHub(hub, folder)
  context.diagnostic(
    `${month.sessions} sessions, ${month.planted.length} planted strings, ${dump.files.length} files, process memory: ${dump.hasProcessMemory}`,
  )
  assert.ok(dump.files.some(({ place }) => place === 'hub.db-wal'))
  assert.ok(
    dump.files.some(({ place }) => place.startsWith('hub.db-entries')),
    'large entries lie in files',
  )
  assert.deepEqual(searchDump(dump.files, month.planted, month.internetAddresses), [])
  dump.remove()

  await hub.close()
  const { entries, faults } = searchEntries(folder, month.planted)
  assert.ok(entries > month.sessions, 'people wrote')
  assert.deepEqual(faults, [])
  assert.deepEqual(
    listColumns(folder),
    documentedColumns(),
    'docs/security/leaks.md lists the columns of a hub’s database',
  )

  // What was looked for was really there: on the devices, as far as it lies there in clear.
  const finder = createFinder(month.planted)
  const had = new Set<string>()
  for (const { disk } of month.users) for (const { name } of finder.find(disk.copy() ?? new Uint8Array())) had.add(name)
  const inClear = month.planted.filter(({ name }) => !/^letter|as text/.test(name))
  const unseen = inClear.filter(({ name }) => !had.has(name)).map(({ name }) => name)
  // Who was removed and does not know it yet writes in vain.
  assert.ok(unseen.length < inClear.length / 50, unseen.join(', '))
})

/** The first cells of the table that follows the heading "Columns". */
function documentedColumns(): string[] {
  const page = readFileSync(join(import.meta.dirname, '../../docs/security/leaks.md'), 'utf8')
  const section = page.split(/^### Columns$/m)[1]?.split(/^#/m)[0] ?? ''
  return [...section.matchAll(/^\| `([a-z_]+\.[a-z0-9_]+)`/gm)].map(([, column = '']) => column)
}
