import assert from 'node:assert/strict'
import { closeSync, copyFileSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { KithError } from '@kith/core'
import type { Platform, SqlDatabase } from '@kith/core/ports'
import { databaseFile, openKith } from '../open-kith.ts'
import { startChild } from './child.fixture.ts'
import { chooseSeed, createRandom, inScene, type Scene, until } from './conditions.fixture.ts'
import { countEntries, type Journal, journal, onlySpace, titles } from './journal.fixture.ts'
import { agree, has, hubStatus, meet, openHub, openPerson, untilAgree } from './people.fixture.ts'

/** A disk that can be filled: SQLite may not take more than it has and `spare` pages. */
const onSmallDisk = () => {
  let database: SqlDatabase | undefined
  const pages = (): number => Number(database?.prepare('PRAGMA page_count').get()?.['page_count'])
  return {
    change: (platform: Platform): Platform => ({
      ...platform,
      openDatabase: async () => (database = await platform.openDatabase()),
    }),
    fill: (spare = 4) => database?.exec(`PRAGMA max_page_count = ${pages() + spare}`),
    free: () => database?.exec('PRAGMA max_page_count = 1000000'),
  }
}

/** Much of it does not compress, so that pages fill. */
const longTitle = (at: number): string => {
  const noise = Array.from({ length: 40 }, (_, n) => ((at + 1) * 2654435761 * (n + 1)).toString(36)).join('')
  return `row ${String(at).padStart(4, '0')} ${noise}`
}

test('a full disk refuses writes with a code, keeps what it acknowledged, and goes on when there is room', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const disk = onSmallDisk()
    const alice = await openPerson(scene, 'alice', [hub.url], disk.change)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    await hers.synced()
    disk.fill(20)
    const acknowledged: string[] = []
    let refusal: { code?: string } | undefined
    for (let at = 0; at < 2_000 && refusal === undefined; at += 1) {
      try {
        await hers.tables.entries.insert({ title: longTitle(at) })
        acknowledged.push(longTitle(at))
      } catch (cause) {
        refusal = cause as { code?: string }
      }
    }
    assert.equal(refusal?.code, 'storage-full')
    assert.ok(acknowledged.length > 0)
    assert.deepEqual(await titles(hers), acknowledged)
    disk.free()
    await hers.tables.entries.insert({ title: longTitle(5_000) })
    assert.deepEqual(await titles(hers), [...acknowledged, longTitle(5_000)])
    await hers.synced()
    const bob = await openPerson(scene, 'bob', [hub.url])
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, his)
  })
})

test('what comes while the disk is full comes again when there is room: no cursor passes it', async () => {
  await inScene(async (scene) => {
    const hub = await openHub(scene)
    const disk = onSmallDisk()
    const alice = await openPerson(scene, 'alice', [hub.url])
    const bob = await openPerson(scene, 'bob', [hub.url], disk.change)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, his)
    disk.fill(2)
    for (let at = 0; at < 300; at += 1) await hers.tables.entries.insert({ title: longTitle(at) })
    await hers.synced()
    await until('Bob’s disk is full', async () => {
      await his.tables.entries.insert({ title: longTitle(9_999) }).catch(() => {})
      return (
        (await countEntries(his)) < 300 && (await isRefused(() => his.tables.entries.insert({ title: longTitle(1) })))
      )
    })
    // Some come while there is no room, and the last when there is.
    for (let at = 300; at < 310; at += 1) await hers.tables.entries.insert({ title: longTitle(at) })
    disk.free()
    await hers.tables.entries.insert({ title: 'the last' })
    await until('Bob has all', async () => (await has(his, 'the last')) && (await agree(hers, his)))
  })
})

/** A disk on which any write, commits too, may fail as if it were full. */
const onUnreliableDisk = (random: (below: number) => number) => {
  const state = { isFaulty: false, faults: 0 }
  const fails = (sql: string): boolean => {
    if (!state.isFaulty || !/^\s*(INSERT|UPDATE|DELETE|BEGIN|COMMIT)/.test(sql) || random(100) > 0) return false
    state.faults += 1
    return true
  }
  const full = () => new KithError('storage-full', 'The disk is full, says the test.')
  const change = (platform: Platform): Platform => ({
    ...platform,
    openDatabase: async () => {
      const database = await platform.openDatabase()
      return {
        ...database,
        prepare: (sql) => {
          const statement = database.prepare(sql)
          const guard =
            <Parameters extends unknown[], Result>(run: (...parameters: Parameters) => Result) =>
            (...parameters: Parameters): Result => {
              if (fails(sql)) throw full()
              return run(...parameters)
            }
          return { ...statement, run: guard(statement.run), get: guard(statement.get), all: guard(statement.all) }
        },
      }
    },
  })
  return { state, change }
}

test('on disks that fail at random, at any write or commit, what is acknowledged is kept, the rest is not there, and nobody misses anything', async (context) => {
  await inScene(async (scene) => {
    const seed = chooseSeed()
    context.diagnostic(`seed ${seed}: SEED=${seed}`)
    const random = createRandom(seed)
    const hub = await openHub(scene)
    const [hersDisk, hisDisk] = [onUnreliableDisk(random), onUnreliableDisk(random)]
    const alice = await openPerson(scene, 'alice', [hub.url], hersDisk.change)
    const bob = await openPerson(scene, 'bob', [hub.url], hisDisk.change)
    const hers = await alice.createSpace(journal, { name: 'Home' })
    const his = await bob.join(journal, await hers.invite({ role: 'writer' }))
    await untilAgree(hers, his)
    hersDisk.state.isFaulty = true
    hisDisk.state.isFaulty = true
    const acknowledged: string[] = []
    const write = async (space: Journal, title: string): Promise<void> => {
      try {
        await space.tables.entries.insert({ title })
        acknowledged.push(title)
      } catch (cause) {
        assert.equal((cause as KithError).code, 'storage-full')
      }
    }
    for (let at = 0; at < 150; at += 1) {
      await Promise.all([write(hers, `hers ${at}`), write(hers, `hers too ${at}`), write(his, `his ${at}`)])
    }
    hersDisk.state.isFaulty = false
    hisDisk.state.isFaulty = false
    context.diagnostic(
      `${acknowledged.length} of 450 acknowledged, ${hersDisk.state.faults + hisDisk.state.faults} faults`,
    )
    await until(
      'both have all',
      async () => (await countEntries(hers)) >= acknowledged.length && (await agree(hers, his)),
    )
    assert.deepEqual(await titles(hers), acknowledged.sort())
    await Promise.all([alice.close(), bob.close()])
    const again = await openPerson(scene, 'alice', [])
    assert.deepEqual(await titles(await onlySpace(again)), acknowledged)
  })
})

const isRefused = async (write: () => Promise<unknown>): Promise<boolean> => {
  try {
    await write()
    return false
  } catch {
    return true
  }
}

test('a hub whose disk is full is told of in status; the other hub takes everything, and this one later', async () => {
  await inScene(async (scene) => {
    const storage = scene.path('small.db')
    const [large, small] = [
      await openHub(scene),
      await openHub(scene, { storage, limits: { storageBytesMax: 200_000 } }),
    ]
    const { alice, hers, his } = await meet(scene, [large.url, small.url])
    for (let at = 0; at < 600; at += 1) await hers.tables.entries.insert({ title: longTitle(at) })
    await untilAgree(hers, his)
    await hers.synced()
    await until('status tells', async () => (await hubStatus(alice, small.url)).refused['hub-refused'])
    const { pending, problem } = await hubStatus(alice, small.url)
    assert.ok(pending > 0)
    assert.equal(problem?.code, 'hub-refused')
    await small.close()
    await openHub(scene, { storage, port: small.port })
    await until('it has everything', async () => (await hubStatus(alice, small.url)).pending === 0)
  })
})

/** Somebody's folder with some rows in it, closed. */
const makeFolder = async (scene: Scene, name = 'alice'): Promise<string> => {
  const kith = await openKith({ path: scene.path(name), name })
  const space = await kith.createSpace(journal, { name: 'Home' })
  await space.transact((tx) => {
    for (let at = 0; at < 2_000; at += 1) tx.entries.insert({ title: longTitle(at) })
  })
  await kith.close()
  return scene.path(name)
}

const overwrite = (file: string, at: number, bytes: Uint8Array): void => {
  const handle = openSync(file, 'r+')
  writeSync(handle, bytes, 0, bytes.length, at)
  closeSync(handle)
}

const assertUnopened = async (path: string, code: string): Promise<void> => {
  const before = readFileSync(databaseFile(path))
  await assert.rejects(openKith({ path, name: 'Alice' }), { name: 'KithError', code })
  assert.ok(before.equals(readFileSync(databaseFile(path))), 'the file was not changed')
}

test('a database whose header is damaged is refused, and not touched', async () => {
  await inScene(async (scene) => {
    const path = await makeFolder(scene)
    const file = databaseFile(path)
    copyFileSync(file, scene.path('copy.db'))
    overwrite(file, 0, new Uint8Array(16).fill(0x5a))
    await assertUnopened(path, 'storage-damaged')
    copyFileSync(scene.path('copy.db'), file)
    overwrite(file, 16, new Uint8Array(84).fill(0x5a))
    await assertUnopened(path, 'storage-damaged')
    writeFileSync(file, 'not a database at all, but long enough to be looked at as one'.repeat(100))
    await assertUnopened(path, 'storage-damaged')
    copyFileSync(scene.path('copy.db'), file)
    const kith = scene.ends(await openKith({ path, name: 'Alice' }), (opened) => opened.close())
    assert.equal(await countEntries(await onlySpace(kith)), 2_000)
  })
})

test('a database that is damaged in the middle says so where it is read', async () => {
  await inScene(async (scene) => {
    const path = await makeFolder(scene)
    const file = databaseFile(path)
    const { size } = statSync(file)
    for (let at = 8192 * 30; at + 8192 < size; at += 8192 * 3) overwrite(file, at, new Uint8Array(8192).fill(0xa5))
    const read = async (): Promise<void> => {
      const kith = await openKith({ path, name: 'Alice' })
      try {
        const space = await onlySpace(kith)
        await space.query((q) => q.selectFrom('entries').selectAll())
        await space.exportBundle()
      } finally {
        await kith.close()
      }
    }
    await assert.rejects(read(), { name: 'KithError', code: 'storage-damaged' })
  })
})

test('a database of another program, or of a newer Kith, is refused and not touched', async () => {
  await inScene(async (scene) => {
    const path = await makeFolder(scene)
    const newer = new DatabaseSync(databaseFile(path))
    newer.exec("UPDATE meta SET value = 99 WHERE name = 'layout'")
    newer.close()
    await assertUnopened(path, 'storage-newer')
    const foreign = await makeFolder(scene, 'bob')
    const database = new DatabaseSync(databaseFile(foreign))
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .all()
    for (const { name } of tables) database.exec(`DROP TABLE "${String(name)}"`)
    database.exec('CREATE TABLE recipes (title TEXT); VACUUM')
    database.close()
    await assertUnopened(foreign, 'storage-damaged')
  })
})

test('a database that is open in another process is refused, and its owner goes on', async () => {
  await inScene(async (scene) => {
    const child = startChild('device.fixture.ts', scene.path('alice'), 'Alice', 'ws://127.0.0.1:9')
    scene.ends(child, () => child.kill())
    await child.call('create', 'Home')
    await assert.rejects(openKith({ path: scene.path('alice') }), { name: 'KithError', code: 'storage-busy' })
    await child.call('insert', 'still here')
    await child.kill()
    // A killed process leaves no lock behind.
    const kith = scene.ends(await openKith({ path: scene.path('alice') }), (opened) => opened.close())
    assert.deepEqual(await titles(await onlySpace(kith)), ['still here'])
  })
})
