import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { startHub } from '@kith/hub'
import { openKith } from '../index.ts'
import { runCommand } from './run.ts'

const main = join(import.meta.dirname, 'main.ts')
const folder = mkdtempSync(join(tmpdir(), 'kith-command-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const kith = async (...parameters: string[]): Promise<{ status: number; out: string; problem: string }> => {
  const out: string[] = []
  const problem: string[] = []
  const status = await runCommand(parameters, {
    print: (text) => out.push(text),
    printError: (text) => problem.push(text),
    columns: undefined,
  })
  return { status, out: out.join('\n'), problem: problem.join('\n') }
}

const succeeds = async (...parameters: string[]): Promise<string> => {
  const { status, out, problem } = await kith(...parameters)
  assert.equal(problem, '')
  assert.equal(status, 0)
  return out
}

const shop = {
  Album: [
    { AlbumId: 1, Title: 'Blue Tram', ArtistId: 2, Released: '2021-03-04T00:00:00' },
    { AlbumId: 2, Title: 'Paper Moon (Live)', ArtistId: 1, Released: '2022-03-04T00:00:00' },
    { AlbumId: 3, Title: '100% Live', ArtistId: 1, Released: null },
  ],
  Artist: [
    { ArtistId: 1, Name: 'Søren & Elif', LedBy: 2 },
    { ArtistId: 2, Name: 'The Hollow Lanterns', LedBy: null },
  ],
  AlbumArtist: [
    { AlbumId: 1, ArtistId: 1 },
    { AlbumId: 1, ArtistId: 2 },
  ],
}
const file = join(folder, 'shop.json')
writeFileSync(file, JSON.stringify(shop))

test('a file becomes a space that is queried, listed, and joined by its link in another folder', async () => {
  await using hub = await startHub({ port: 0, storage: ':memory:' })
  const [hers, his] = [join(folder, 'hers'), join(folder, 'his')]
  const imported = await succeeds(
    'import',
    file,
    '--path',
    hers,
    '--hub',
    hub.url,
    '--name',
    'Ada',
    '--ref',
    'Artist.LedBy=Artist',
  )
  assert.match(imported, /^7 rows in 3 tables/)
  const link = /^Link +(\S+)$/m.exec(imported)?.[1] ?? ''
  const schema = /^Schema +(.+)$/m.exec(imported)?.[1] ?? ''

  assert.equal(
    await succeeds('query', hers, 'shop'),
    'table        rows\nAlbum           3\nAlbumArtist     2\nArtist          2',
  )
  const row = async (where: string, column: string, at = hers): Promise<unknown[]> =>
    (await succeeds('query', at, 'shop', ...where.split(' '), '--columns', column, '--json'))
      .split('\n')
      .map((line) => (JSON.parse(line) as Record<string, unknown>)[column])
  const [leader] = await row('Artist --where Name~lanterns', 'id')
  assert.deepEqual(await row('Artist --where Name~Elif', 'LedBy'), [leader], 'a row names one that came later')
  assert.deepEqual(await row('Album --where Title~%', 'Title'), ['100% Live'])
  assert.deepEqual(await row('Album --where Released<2022-01-01', 'Released'), ['2021-03-04T00:00:00.000Z'])
  assert.deepEqual(await row('Album --sort Title --descending --limit 1', 'Title'), ['Paper Moon (Live)'])
  assert.match(await succeeds('status', hers), /Pending +nothing\n[\s\S]*shop +local\.shop/)

  const inspected = await succeeds('inspect', hers)
  assert.match(inspected, /shop +local\.shop +owner +1 /)
  assert.match(inspected, /by dbstat[\s\S]*local\.shop +Album +3 +0 +\d+/)
  assert.match(await succeeds('inspect', hers, 'shop'), /Ada +[0-9a-v]{8} +owner +1 +founder[\s\S]*in use +write/)
  assert.match(await succeeds('inspect', hers, 'shop', '--log'), /applied[\s\S]*creates the space/)
  assert.match(
    await succeeds('inspect', hers, 'shop', '--row', String(leader)),
    /shown[\s\S]*in Artist, and queries show it/,
  )
  const told = JSON.parse(await succeeds('inspect', hers, 'shop', '--json')) as { hubs: { url: string }[] }
  assert.equal(told.hubs[0]?.url, hub.url)
  const running = await openKith({ path: hers })
  const busy = await kith('inspect', hers)
  await running.close()
  assert.equal(busy.status, 1)
  assert.match(busy.problem, /open in another process.*\[storage-busy\]/)

  await succeeds('join', link, '--path', his, '--schema', schema, '--name', 'Ben')
  assert.deepEqual(await row('Artist --where Name~Elif', 'LedBy', his), [leader])
})

test('what goes wrong is one line that says what to do, and status 1', async () => {
  const path = join(folder, 'mine')
  await succeeds('import', file, '--path', path, '--name', 'Ada')
  const broken = join(folder, 'broken.json')
  writeFileSync(broken, JSON.stringify({ ...shop, Artist: [] }))
  const cases: [string[], RegExp][] = [
    [['dance'], /no command "dance"\. See: kith --help$/],
    [['import'], /kith import FILE --path DIR\. See/],
    [['import', file, '--path', path, '--colour'], /'--colour'.* See/],
    [['import', join(folder, 'none.json'), '--path', path], /none\.json/],
    [['import', broken, '--path', join(folder, 'broken')], /Artist 2.*not in the file.*\[dangling-reference\]/],
    [['import', file, '--path', path, '--ref', 'Artist.LedBy'], /not TABLE\.COLUMN=TABLE/],
    [['inspect', path, 'shed'], /"shop".*\[not-found\]/],
    [['inspect', path, '--log'], /kith inspect DIR.* See/],
    [['inspect', path, 'shop', '--row', 'x'], /26 characters.*\[bad-value\]/],
    [['query', join(folder, 'nowhere'), 'shop'], /no Kith data .*\[not-found\]/],
    [['query', path, 'shed'], /"shop".*\[not-found\]/],
    [['query', path, 'shop', 'Albums'], /Here: Album, .*\[not-found\]/],
    [['query', path, 'shop', 'Album', '--where', 'Name=x'], /no column "Name".*\[not-found\]/],
    [['query', path, 'shop', 'Album', '--sort', 'constructor'], /no column.*\[not-found\]/],
    [['query', path, 'shop', 'Album', '--limit', '1;2'], /no limit/],
    [['join', 'https://example.org/', '--path', path, '--schema', join(folder, 'none.ts')], /\[bad-schema\]/],
    [['join', 'x', '--path', path, '--schema', file], /cannot be loaded as a module.*\[bad-schema\]/],
    [['hub', '--port', '123456'], /"123456" is no port/],
  ]
  for (const [parameters, words] of cases) {
    const { status, problem } = await kith(...parameters)
    assert.match(problem, words, parameters.join(' '))
    assert.equal(problem.split('\n').length, 1, problem)
    assert.equal(status, 1)
  }
})

test('nothing is made in a folder that only reads were asked of', async () => {
  const path = join(folder, 'unmade')
  mkdirSync(path)
  await kith('query', path, 'shop')
  await kith('status', path)
  assert.deepEqual(readdirSync(path), [])
  assert.match((await kith('status', path)).problem, /no Kith data/)
})

test('the program runs: its help fits 80 columns, and a hub serves until it is asked to end', async () => {
  const help = spawnSync(process.execPath, [main, '--help'], { encoding: 'utf8', timeout: 30_000 })
  assert.equal(help.status, 0)
  for (const line of help.stdout.split('\n')) assert.ok(line.length <= 80, line)

  const hub = spawn(process.execPath, [main, 'hub', '--port', '0', '--storage', join(folder, 'hub.db')])
  try {
    const [chunk] = (await once(hub.stdout, 'data')) as [Buffer]
    const url = /^Hub (ws:\S+)$/m.exec(chunk.toString())?.[1] ?? ''
    const health = await fetch(new URL('/health', url.replace('ws:', 'http:')))
    assert.equal(health.status, 200)
    hub.kill('SIGTERM')
    const [status] = (await once(hub, 'exit')) as [number]
    assert.equal(status, 0)
  } finally {
    hub.kill('SIGKILL')
  }
})
