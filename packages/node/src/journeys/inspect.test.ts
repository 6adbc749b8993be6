/** What `kith.inspect` tells of spaces over a real hub, and what it never tells. */
import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { app, type InspectedChange, type Kith, ref, type Space, table, text } from '@kith/core'
import { decodeCbor, fromHex, toBase32, toBase64Url, toHex } from '@kith/core/bytes'
import { parseLink } from '@kith/core/keys'
import { databaseFile } from '../open-kith.ts'
import { createNodeCrypto } from '../platform/crypto.ts'
import { inScene, type Scene, until } from './conditions.fixture.ts'
import { createLine } from './lines.fixture.ts'
import { openHub, openPerson } from './people.fixture.ts'

const shelves = app('org.kith.shelves', {
  version: 1,
  tables: {
    shelves: table({ name: text() }),
    books: table({ title: text(), shelf: ref('shelves').optional().onDelete('hide') }),
  },
})
type Shelves = Space<typeof shelves>

/** Alice has removed Bob, who wrote on without knowing. */
const fallOut = async (scene: Scene) => {
  const hub = await openHub(scene)
  const line = createLine()
  const alice = await openPerson(scene, 'alice', [hub.url])
  const bob = await openPerson(scene, 'bob', [hub.url], line.on)
  const hers = await alice.createSpace(shelves, { name: 'Library' })
  const link = await hers.invite({ role: 'writer', uses: 3 })
  const shelf = await hers.tables.shelves.insert({ name: 'By the window' })
  await hers.synced()
  const his = await bob.join(shelves, link)
  await his.synced()
  const kept = await his.tables.books.insert({ title: 'Known in time', shelf })
  await his.synced()
  await until('Alice has his book', async () => (await hers.tables.books.get(kept)) !== undefined)
  line.cut()
  const late = await his.tables.books.insert({ title: 'Written in vain' })
  await hers.remove(bob.address)
  await hers.tables.shelves.insert({ name: 'Under new keys' })
  line.mend()
  await until('his book is held back', async () => (await hers.heldBack()).length > 0)
  return { hub, alice, bob, hers, his, link, shelf, kept, late }
}

const wholeLog = async (kith: Kith, space: string, limit: number): Promise<InspectedChange[]> => {
  const all: InspectedChange[] = []
  for (let before: string | undefined; ; ) {
    const { changes, next } = await kith.inspect.log(space, before === undefined ? { limit } : { before, limit })
    all.push(...changes)
    if (next === undefined) return all
    assert.equal(changes.length, limit)
    before = next
  }
}

test('spaces, members with the grants behind them, epochs, the log and what is held back are told as they are', async () => {
  await inScene(async (scene) => {
    const { hub, alice, bob, hers, late, kept } = await fallOut(scene)
    const { inspect } = alice

    const spaces = await inspect.spaces()
    assert.deepEqual(spaces.map(({ kind }) => kind).toSorted(), ['app', 'home', 'home', 'own'])
    const library = spaces.find(({ id }) => id === hers.id)
    assert.ok(library)
    assert.equal(library.name, 'Library')
    assert.equal(library.app, 'org.kith.shelves')
    assert.deepEqual([library.version, library.rank, library.members], [1, 'owner', 1])
    assert.ok(library.heldBack > 0 && library.changes > 5 && library.historyBytes > 500)

    const members = await inspect.members(hers.id)
    assert.deepEqual(
      members.map(({ name, rank, isUs }) => [name, rank, isUs]),
      [
        ['alice', 'owner', true],
        ['bob', undefined, false],
      ],
    )
    assert.equal(members[0]?.grants[0]?.source, 'founder')
    const [his] = members[1]?.grants ?? []
    assert.ok(his)
    assert.deepEqual([his.source, his.role, his.by?.address, his.isLive], ['link', 'writer', alice.address, false])
    assert.equal(his.ended?.by.address, alice.address)

    const epochs = await inspect.epochs(hers.id)
    assert.equal(epochs.length, 2)
    const [newest, oldest] = epochs
    assert.deepEqual([newest?.isInUse, newest?.isClean, newest?.whyNotClean, newest?.weCan], [true, true, [], 'write'])
    assert.deepEqual(
      newest?.readers.map(({ address }) => address),
      [alice.address],
    )
    assert.ok(oldest && !oldest.isInUse && !oldest.isClean)
    assert.ok(oldest.readers.some(({ address, rank }) => address === bob.address && rank === undefined))
    assert.match(oldest.whyNotClean.join(' '), /Newer keys took its place: [0-9a-f]{8}\..*sealed to bob, who is out/)

    const log = await wholeLog(alice, hers.id, 3)
    assert.equal(new Set(log.map(({ change }) => change)).size, log.length, 'each change once')
    assert.deepEqual(log, (await inspect.log(hers.id, { limit: 500 })).changes)
    assert.equal(log.at(-1)?.text, 'creates the space')
    const texts = log.map(({ text }) => text)
    for (const expected of [
      'makes a link for writer, for 3',
      'joins by a link of alice',
      'ends bob, a link for writer',
      'makes new keys',
    ])
      assert.ok(texts.includes(expected), `${expected} in ${texts.join('; ')}`)
    const book = log.find(({ writes }) => writes.some(({ rows }) => rows.includes(kept)))
    assert.equal(book?.text, 'inserts 1 in books')
    assert.deepEqual([book?.author.name, book?.isOurs, book?.state], ['bob', false, 'applied'])

    const held = (await inspect.heldBack(hers.id)).find(({ writes }) => writes.some(({ rows }) => rows.includes(late)))
    assert.deepEqual([held?.author.address, held?.state, held?.code], [bob.address, 'held back', 'outside-cut'])
    assert.equal(held?.reason, (await hers.heldBack()).find(({ change }) => change === held?.change)?.reason)

    const [told] = await inspect.hubs(hers.id)
    assert.equal(told?.url, hub.url)
    assert.ok(told.roundTripMs !== undefined && told.roundTripMs >= 0 && told.roundTripMs < 10_000)
    await hers.synced()
    assert.deepEqual((await inspect.hubs(hers.id))[0]?.space, { pending: 0, caughtUp: true })
    assert.equal((await inspect.hubs())[0]?.space, undefined)

    const storage = await inspect.storage()
    assert.equal(storage.measuredBy, 'dbstat')
    const books = storage.tables.find(({ table }) => table === 'books')
    assert.deepEqual([books?.app, books?.rows, books?.deleted], ['org.kith.shelves', 1, 0])
    const bytes = storage.tables.reduce((sum, one) => sum + (one.bytes ?? 0), 0)
    assert.ok(bytes > 0 && bytes <= storage.databaseBytes)

    await assert.rejects(inspect.members('nowhere'), { code: 'not-found' })
    await assert.rejects(inspect.log(hers.id, { limit: 0 }), { code: 'bad-value' })
    await assert.rejects(inspect.log(hers.id, { before: "1' OR" }), { code: 'bad-value' })
  })
})

test('a row that is not to be seen is explained: deleted, hidden by another, held back, of a newer app, or not here', async () => {
  await inScene(async (scene) => {
    const { alice, bob, hers, his, shelf, kept, late } = await fallOut(scene)
    const why = (id: string, space: Shelves = hers, kith = alice) => kith.inspect.row(space.id, id)

    const shown = await why(kept)
    assert.deepEqual([shown.state, shown.table, shown.made?.author.name], ['shown', 'books', 'bob'])
    assert.deepEqual([shown.deletes, shown.hiddenBy, shown.withoutEffect], [[], undefined, []])

    const held = await why(late)
    assert.deepEqual([held.state, held.table, held.made?.code], ['held back', 'books', 'outside-cut'])
    assert.match(held.text, /by bob on .* is held back: It is not among what was accepted/)

    await hers.tables.shelves.delete(shelf)
    const hidden = await why(kept)
    assert.deepEqual([hidden.state, hidden.hiddenBy], ['hidden by another row', { table: 'shelves', row: shelf }])
    const deleted = await why(shelf)
    assert.equal(deleted.state, 'deleted')
    assert.deepEqual(
      deleted.deletes.map(({ author }) => author.address),
      [alice.address],
    )
    await hers.tables.shelves.restore(shelf)
    assert.equal((await why(kept)).state, 'shown')

    // Written under keys that Bob was not given any more.
    const after = await hers.tables.books.insert({ title: 'Not for Bob' })
    await hers.synced()
    await until('Bob knows', async () => !(await his.status()).isMember)
    const missing = await why(after, his, bob)
    assert.equal(missing.state, 'not here')
    assert.match(missing.text, /no member/)

    const newer = app('org.kith.shelves', {
      version: 2,
      tables: { ...shelves.tables, notes: table({ words: text() }) },
    })
    const upgraded = await alice.open(newer, hers.id)
    const note = await upgraded.tables.notes.insert({ words: 'for version 2' })
    assert.equal((await why(note)).state, 'shown')
    await alice.open(shelves, hers.id)
    const unknown = await why(note)
    assert.deepEqual([unknown.state, unknown.table], ['table unknown to the app', 'notes'])

    await assert.rejects(why('no row'), { code: 'bad-value' })
  })
})

test('an update that has no effect on a row is named where one asks for the row', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const line = createLine()
    const alice = await openPerson(scene, 'alice', [hub.url])
    const bob = await openPerson(scene, 'bob', [hub.url], line.on)
    const hers = await alice.createSpace(shelves, { name: 'Library' })
    const his = await bob.join(shelves, await hers.invite({ role: 'writer', uses: 1 }))
    const id = await hers.tables.books.insert({ title: 'Alpha' })
    await hers.synced()
    await until('Bob has it', async () => (await his.tables.books.get(id)) !== undefined)
    await until('Alice sees Bob', async () => (await hers.members()).length === 2)
    line.cut()
    await his.tables.books.update(id, { title: 'Omega' })
    await hers.remove(bob.address)
    line.mend()
    await until('it is held back', async () => (await hers.heldBack()).length > 0)
    const { state, withoutEffect, text } = await alice.inspect.row(hers.id, id)
    assert.equal(state, 'shown')
    assert.deepEqual(
      withoutEffect.map((change) => change.text),
      ['updates 1 in books'],
    )
    assert.match(text, /Without effect on it: bob updates 1 in books/)
  })
})

/** Everything that inspection tells, as text. */
const inspectAll = async ({ inspect }: Kith): Promise<string> => {
  const told: unknown[] = [await inspect.hubs(), await inspect.storage()]
  for (const space of await inspect.spaces()) {
    const { changes } = await inspect.log(space.id, { limit: 500 })
    const rows = new Set(changes.flatMap(({ writes }) => writes.flatMap((write) => write.rows)))
    told.push(space, changes, await inspect.members(space.id), await inspect.epochs(space.id))
    told.push(await inspect.heldBack(space.id), await inspect.hubs(space.id))
    for (const row of rows) told.push(await inspect.row(space.id, row))
  }
  return JSON.stringify(told)
}

/** Every byte string of a secret's size that the database keeps among its secrets. */
const secretsIn = (file: string): Uint8Array[] => {
  const database = new DatabaseSync(file, { readOnly: true })
  const all = (sql: string): Uint8Array[] =>
    database
      .prepare(sql)
      .all()
      .flatMap(({ value }) => (value instanceof Uint8Array ? [value] : []))
  const parts = (value: unknown): Uint8Array[] => {
    if (value instanceof Uint8Array) return [value]
    return Array.isArray(value) ? value.flatMap(parts) : []
  }
  const decoded = (value: Uint8Array): Uint8Array[] => {
    try {
      return parts(decodeCbor(value))
    } catch {
      return []
    }
  }
  // Of the identity: after its format, the person, the admission and the address come three keys.
  const identity = (decodeCbor(all("SELECT value FROM meta WHERE name = 'identity'")[0]!) as Uint8Array[]).slice(4)
  const kept = all(
    "SELECT value FROM secret WHERE name <> 'invite' UNION ALL SELECT root FROM contact_root UNION ALL SELECT seed FROM parcel",
  )
  // What is kept of an invite begins with the hash of the change that made it.
  const invites = all("SELECT value FROM secret WHERE name = 'invite'").flatMap((value) => decoded(value).slice(1))
  database.close()
  return [...identity, ...invites, ...kept.flatMap((value) => [value, value.subarray(1), ...decoded(value)])].filter(
    ({ length }) => length >= 16,
  )
}

test('no key, link or phrase is in anything that inspection tells', async () => {
  await inScene(async (scene) => {
    const { alice, hers, link } = await fallOut(scene)
    const open = await hers.invite({ role: 'reader' })
    const publicLink = await hers.publish()
    const words = await alice.recoveryPhrase()
    const told = await inspectAll(alice)
    const crypto = await createNodeCrypto()
    await alice.close()
    const secrets = [
      ...secretsIn(databaseFile(scene.path('alice'))),
      ...[link, open].map((text) => parseLink(crypto, text).secret),
    ]
    assert.ok(secrets.length > 20, `${secrets.length} secrets to look for`)
    const isTold = (bytes: Uint8Array): boolean =>
      [toHex, toBase32, toBase64Url, (some: Uint8Array) => JSON.stringify([...some]).slice(1, -1)].some((write) =>
        told.includes(write(bytes)),
      )
    assert.deepEqual(secrets.filter(isTold).map(toHex), [])
    for (const text of [link, open, publicLink]) assert.ok(!told.includes(text.split('#').at(-1)!))
    assert.equal(words?.split(' ').length, 12)
    const pairs = words.split(' ').map((word, at, all) => `${word} ${all[at + 1] ?? ''}`)
    assert.ok(!pairs.some((pair) => told.includes(pair)))
    // The search finds what is there: a public key, written as secrets would be.
    const device = /"device":"([0-9a-f]{64})"/.exec(told)?.[1] ?? ''
    assert.ok(isTold(fromHex(device)))
  })
})
