/** What a browser does to a store, and what may happen to its files: told in words, and got over. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { phraseToEntropy } from '@kith/core/keys'
import { databaseFile, openKith } from '../../node/src/open-kith.ts'
import type { Page } from 'playwright-core'
import { startChromium } from './testing/chromium.ts'
import { startFirefox } from './testing/firefox.ts'
import { askPerson as ask } from './testing/pages.ts'
import { createWorld, type World } from './testing/world.ts'

const chromium = createWorld('Chromium', startChromium)
const firefox = createWorld('Firefox', startFirefox)

// The first test of a browser starts it.
const timeout = 180_000
const store = 'faults'

/** Everything that lies in the files of the origin, as a copy of them would have it. */
const readFiles = async (page: Page): Promise<Buffer> =>
  Buffer.from(
    await page.evaluate(async () => {
      const files: Uint8Array[] = []
      const look = async (folder: FileSystemDirectoryHandle): Promise<void> => {
        for await (const handle of folder.values()) {
          if (handle instanceof FileSystemDirectoryHandle) await look(handle)
          else files.push(new Uint8Array(await (await handle.getFile()).arrayBuffer()))
        }
      }
      await look(await navigator.storage.getDirectory())
      const url = await new Promise<string>((resolve) => {
        const reader = new FileReader()
        reader.addEventListener('load', () => resolve(reader.result as string))
        reader.readAsDataURL(new Blob(files as BlobPart[]))
      })
      return url.slice(url.indexOf(',') + 1)
    }),
    'base64',
  )

/** Writes over every file of the store from `start` on: the pool's own first page of each ends at 4096. */
const overwrite = (page: Page, start: number, end: number): Promise<void> =>
  page.evaluate(
    async ([name, from, to]) => {
      const root = await navigator.storage.getDirectory()
      const folder = await (await root.getDirectoryHandle('kith')).getDirectoryHandle(name)
      const look = async (handles: FileSystemDirectoryHandle): Promise<void> => {
        for await (const handle of handles.values()) {
          if (handle instanceof FileSystemDirectoryHandle) await look(handle)
          else {
            const file = handle
            const { size } = await file.getFile()
            if (size <= from) continue
            const writable = await file.createWritable({ keepExistingData: true })
            await writable.write({
              type: 'write',
              position: from,
              data: new Uint8Array(Math.min(to, size) - from).fill(0xa5),
            })
            await writable.close()
          }
        }
      }
      await look(folder)
    },
    [store, start, end] as const,
  )

type Dropped = 'keys' | 'keys and files'

/** As a browser does that needs the room. What it drops with the files differs: localStorage stays in Chromium. */
const evictByChromium = async (page: Page, what: Dropped): Promise<void> => {
  const session = await page.context().newCDPSession(page)
  const storageTypes = what === 'keys' ? 'indexeddb' : 'file_systems,indexeddb'
  await session.send('Storage.clearDataForOrigin', { origin: chromium.site().url, storageTypes })
}

/** Firefox cannot be asked to: the page drops it behind Kith's back. */
const evictByPage = (page: Page, what: Dropped): Promise<void> =>
  page.evaluate(async (dropped) => {
    await new Promise((resolve, reject) => {
      const request = indexedDB.deleteDatabase('kith')
      request.addEventListener('success', resolve)
      request.addEventListener('error', reject)
    })
    if (dropped === 'keys') return
    const root = await navigator.storage.getDirectory()
    await root.removeEntry('kith', { recursive: true })
  }, what)

/** `other` has the person's other device. */
const testFaults = (world: World, other: World, evict: (page: Page, what: Dropped) => Promise<void>): void => {
  const hubUrl = (): string => world.hub().url
  const elsewhere = `of-${world.name}`
  let phrase = ''
  let address = ''
  let page: Page

  test(`${world.name}: a copy of the files gives no keys: the phrase, found in a file of Node, is not found in them`, {
    timeout,
  }, async () => {
    const path = join(world.folder, 'clear')
    const clear = await openKith({ path })
    const entropyOf = (words: string): Buffer => Buffer.from(phraseToEntropy(words))
    const known = entropyOf((await clear.recoveryPhrase()) ?? '')
    await clear.close()
    const inNode = [databaseFile(path), `${databaseFile(path)}-wal`].map((file) => readIfThere(file))
    assert.ok(inNode.some((bytes) => bytes.includes(known)))

    page = await world.openPage()
    address = await ask(page, 'start', store, hubUrl(), 'Alice')
    await ask(page, 'begin', 'a row that is not secret')
    phrase = (await ask(page, 'phrase')) ?? ''
    await ask(page, 'close')
    const files = await readFiles(page)
    assert.ok(files.includes('a row that is not secret'))
    assert.ok(!files.includes(entropyOf(phrase)))
  })

  test(`${world.name}: a store without its key is storage-locked; one that is damaged storage-damaged; others go on, and after erasing it the person comes back by the phrase`, {
    timeout,
  }, async () => {
    await ask(page, 'start', store, hubUrl(), 'Alice')
    await ask(page, 'untilPending', false)
    await ask(page, 'close')
    await evict(page, 'keys')
    assert.equal((await ask(page, 'openProblem', store, hubUrl()))?.code, 'storage-locked')

    assert.equal(await ask(page, 'erase', store), 'accepted')
    assert.equal(await ask(page, 'recover', store, phrase, hubUrl(), true), address)
    await ask(page, 'untilTitle', 'a row that is not secret')
    await ask(page, 'untilPending', false)
    assert.equal(await ask(page, 'erase', store), 'storage-busy')
    await ask(page, 'close')

    await overwrite(page, 4096, 4096 + 8192)
    const damaged = await ask(page, 'openProblem', store, hubUrl())
    assert.equal(damaged?.code, 'storage-damaged')
    assert.match(damaged?.message ?? '', /is no database|is damaged/)
    await ask(page, 'start', 'another', hubUrl(), 'Somebody')
    await ask(page, 'begin', 'elsewhere all is well')
    await ask(page, 'close')
    assert.equal(await ask(page, 'erase', store), 'accepted')
    assert.equal(await ask(page, 'recover', store, phrase, hubUrl(), true), address)
    await ask(page, 'untilTitle', 'a row that is not secret')
  })

  test(`${world.name}: a file that is damaged further back opens; what lies there fails with storage-damaged, and the page goes on`, {
    timeout,
  }, async () => {
    await ask(page, 'untilPending', false)
    await ask(page, 'close')
    await overwrite(page, 4096 + 8192 * 3, 4096 + 8192 * 4000)
    const problem = await ask(page, 'openProblem', store, hubUrl())
    assert.match(problem?.code ?? (await ask(page, 'read')) ?? '', /^storage-damaged$/)
    assert.equal(await ask(page, 'erase', store), 'accepted')
  })

  test(`${world.name}: a store that the browser has dropped is storage-lost, says what was lost, and comes back from another device by the hub`, {
    timeout,
  }, async () => {
    assert.equal(await ask(page, 'recover', store, phrase, hubUrl(), true), address)
    await ask(page, 'untilTitle', 'a row that is not secret')
    const laptop = await other.openPage()
    const { link } = await ask(page, 'add')
    await ask(laptop, 'link', elsewhere, link, 'laptop')
    await ask(page, 'met')
    await Promise.all([ask(page, 'confirmAdding'), ask(laptop, 'confirmLinking')])
    await ask(laptop, 'untilTitle', 'a row that is not secret')
    await ask(page, 'untilPending', false)
    await ask(page, 'close')
    await evict(page, 'keys and files')
    const lost = await ask(page, 'openProblem', store, hubUrl())
    assert.deepEqual([lost?.code, lost?.pending], ['storage-lost', 0])
    assert.match(lost?.message ?? '', /nothing is lost/)

    const again = await ask(laptop, 'add')
    await ask(page, 'link', store, again.link, 'again')
    await ask(laptop, 'met')
    await Promise.all([ask(laptop, 'confirmAdding'), ask(page, 'confirmLinking')])
    await ask(page, 'untilTitle', 'a row that is not secret')

    await ask(page, 'close')
    // Its hub is not there: what is written waits.
    assert.equal((await ask(page, 'start', 'alone', 'ws://127.0.0.1:9', 'Somebody')) !== address, true)
    await ask(page, 'beginAlone', 'never sent')
    await ask(page, 'untilPending', true)
    await ask(page, 'close')
    await evict(page, 'keys and files')
    const gone = await ask(page, 'openProblem', 'alone', hubUrl())
    assert.equal(gone?.code, 'storage-lost')
    assert.ok(Number(gone?.pending) > 0)
    assert.match(gone?.message ?? '', /had not reached a hub and is lost/)
    assert.equal(await ask(page, 'erase', 'alone'), 'accepted')
    assert.equal(await ask(page, 'openProblem', 'alone', hubUrl()), undefined)
    await Promise.all([page.close(), laptop.close()])
  })
}

testFaults(chromium, firefox, evictByChromium)
testFaults(firefox, chromium, evictByPage)

test('whether the browser keeps it for good is asked, and stands in the status', { timeout }, async () => {
  // Firefox asks the person, whom a test has not.
  const page = await chromium.openPage()
  await ask(page, 'start', 'kept', chromium.hub().url, 'Alice')
  const { agreed, kept } = await ask(page, 'persist')
  assert.equal(kept, agreed)
})

test('no page complained', () => assert.deepEqual([chromium.complaints, firefox.complaints], [[], []]))

const readIfThere = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}
