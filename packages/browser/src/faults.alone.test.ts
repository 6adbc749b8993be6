/** What a browser does to a store, and what may happen to its files: told in words, and got over. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { phraseToEntropy } from '@kith/core/keys'
import { databaseFile, openKith } from '../../node/src/open-kith.ts'
import type { BrowserContext, Page } from 'playwright-core'
import { startChromium } from './testing/chromium.ts'
import { askPerson as ask, openPage } from './testing/pages.ts'
import { createWorld } from './testing/world.ts'

const world = createWorld('Chromium', startChromium)
let other: BrowserContext | undefined
after(async () => other?.close())

const timeout = 90_000
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

/** As a browser does that needs the room. What it drops with the files differs: localStorage stays in Chromium. */
const evict = async (page: Page, storageTypes: string): Promise<void> => {
  const session = await page.context().newCDPSession(page)
  await session.send('Storage.clearDataForOrigin', { origin: world.site().url, storageTypes })
}

const hubUrl = (): string => world.hub().url
let phrase = ''
let address = ''
let page: Page

test('a copy of the files gives no keys: the phrase, found in a file of Node, is not found in them', {
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

test('a store without its key is storage-locked; one that is damaged storage-damaged; others go on, and after erasing it the person comes back by the phrase', {
  timeout,
}, async () => {
  await ask(page, 'start', store, hubUrl(), 'Alice')
  await ask(page, 'untilPending', false)
  await ask(page, 'close')
  await evict(page, 'indexeddb')
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

test('a file that is damaged further back opens; what lies there fails with storage-damaged, and the page goes on', {
  timeout,
}, async () => {
  await ask(page, 'untilPending', false)
  await ask(page, 'close')
  await overwrite(page, 4096 + 8192 * 3, 4096 + 8192 * 4000)
  const problem = await ask(page, 'openProblem', store, hubUrl())
  assert.match(problem?.code ?? (await ask(page, 'read')) ?? '', /^storage-damaged$/)
  assert.equal(await ask(page, 'erase', store), 'accepted')
})

test('a store that the browser has dropped is storage-lost, says what was lost, and comes back from another device by the hub', {
  timeout,
}, async () => {
  const evicted = 'file_systems,indexeddb'
  assert.equal(await ask(page, 'recover', store, phrase, hubUrl(), true), address)
  await ask(page, 'untilTitle', 'a row that is not secret')
  other = await startChromium(join(world.folder, 'other'))
  const laptop = await openPage(other, world.site().url, world.complaints)
  const { link } = await ask(page, 'add')
  await ask(laptop, 'link', store, link, 'laptop')
  await ask(page, 'met')
  await Promise.all([ask(page, 'confirmAdding'), ask(laptop, 'confirmLinking')])
  await ask(laptop, 'untilTitle', 'a row that is not secret')
  await ask(page, 'untilPending', false)
  await ask(page, 'close')
  await evict(page, evicted)
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
  await evict(page, evicted)
  const gone = await ask(page, 'openProblem', 'alone', hubUrl())
  assert.equal(gone?.code, 'storage-lost')
  assert.ok(Number(gone?.pending) > 0)
  assert.match(gone?.message ?? '', /had not reached a hub and is lost/)
  assert.equal(await ask(page, 'erase', 'alone'), 'accepted')
  assert.equal(await ask(page, 'openProblem', 'alone', hubUrl()), undefined)
})

test('whether the browser keeps it for good is asked, and stands in the status', { timeout }, async () => {
  await ask(page, 'start', 'kept', hubUrl(), 'Alice')
  const { agreed, kept } = await ask(page, 'persist')
  assert.equal(kept, agreed)
})

test('no page complained', () => assert.deepEqual(world.complaints, []))

const readIfThere = (file: string): Buffer => {
  try {
    return readFileSync(file)
  } catch {
    return Buffer.alloc(0)
  }
}
