import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import type { Space } from '@kith/core'
import { importMusic } from '../../../../examples/first-light/import.ts'
import { type Music, music, musicTables } from '../../../../examples/first-light/music.ts'
import { countRows, readSource } from '../../../../examples/first-light/source.ts'
import { inScene } from './conditions.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'

/** What a row says, with each reference replaced by what the row it names says. */
const digest = (row: object): string => {
  const cells = Object.entries(row)
    .filter(([column]) => column !== 'id')
    .sort(([left], [right]) => (left < right ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(cells)).digest('base64')
}

/** The rows of the file as the importer writes them, into a space where a row's id is what it says. */
const digestsOfFile = async (source: ReturnType<typeof readSource>): Promise<Map<string, string[]>> => {
  const written = new Map<string, string[]>(musicTables.map((name) => [name, []]))
  const tx = Object.fromEntries(
    musicTables.map((name) => {
      const write = (row: object): string => {
        const id = digest(row)
        written.get(name)?.push(id)
        return id
      }
      return [name, { insert: write, upsert: write }]
    }),
  )
  const space = { transact: async (run: (tx: unknown) => unknown) => run(tx) }
  await importMusic(space as unknown as Space<Music>, source, () => {})
  return written
}

/** The same of what is in a space. */
const digestsOfSpace = async (space: Space<Music>): Promise<Map<string, string[]>> => {
  const byId = new Map<string, string>()
  const found = new Map<string, string[]>()
  for (const name of musicTables) {
    const rows: ({ id: string } & object)[] = await space.query((q) => q.selectFrom(name).selectAll())
    const columns = Object.entries(music.tables[name].columns as Record<string, { spec: { kind: string } }>)
    const refs = columns.filter(([, { spec }]) => spec.kind === 'ref').map(([column]) => column)
    const resolve = (row: object): object => {
      const cells: Record<string, unknown> = { ...row }
      for (const column of refs) if (cells[column] !== null) cells[column] = byId.get(cells[column] as string)
      return cells
    }
    // Employees report to employees whose rows come before theirs.
    found.set(
      name,
      rows
        .sort((left, right) => (left.id < right.id ? -1 : 1))
        .map((row) => {
          const said = digest(resolve(row))
          byId.set(row.id, said)
          return said
        }),
    )
  }
  return found
}

test('Chinook, imported by Alice, is at Bob row by row as the file has it', async (context) => {
  const source = readSource('any')
  if (/sample/.test(source.name)) context.diagnostic('../shared/data/chinook.json.gz is not here: ran on the sample.')
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const alice = await openPerson(scene, 'alice', [hub.url])
    const hers = await alice.createSpace(music, { name: 'Music' })
    const began = performance.now()
    await importMusic(hers, source, () => {})
    const importMs = performance.now() - began
    await hers.synced()
    const link = await hers.invite({ role: 'writer' })
    const bob = await openPerson(scene, 'bob', [hub.url])
    const joining = performance.now()
    const his = await bob.join(music, link)
    await his.synced()
    const joinMs = performance.now() - joining
    const [file, alices, bobs] = [await digestsOfFile(source), await digestsOfSpace(hers), await digestsOfSpace(his)]
    for (const name of musicTables) {
      const wanted = file.get(name)?.toSorted() ?? []
      assert.deepEqual(alices.get(name)?.toSorted(), wanted, `Alice’s ${name}`)
      assert.deepEqual(bobs.get(name)?.toSorted(), wanted, `Bob’s ${name}`)
      const [hersIds, hisIds] = await Promise.all(
        [hers, his].map((space) => space.query((q) => q.selectFrom(name).selectAll().orderBy('id'))),
      )
      assert.deepEqual(hersIds, hisIds, name)
    }
    const { hubs } = await bob.status()
    const bytes = hubs[0]?.receivedBytes ?? 0
    context.diagnostic(
      `${countRows(source)} rows: imported in ${Math.round(importMs)} ms, at Bob in ${Math.round(joinMs)} ms, ${(bytes / countRows(source)).toFixed(1)} bytes a row`,
    )
  })
})
