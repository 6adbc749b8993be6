import { createHash } from 'node:crypto'
import { openKith } from '@kith/node'
import type { OpenText, Space } from '@kith/core'
import { type Music, musicTables } from './music.ts'

const tables = [...musicTables, 'Note'] as const

/** What one side holds: rows in each table, and one digest over all of them. */
export type Content = { readonly counts: Readonly<Record<string, number>>; readonly digest: string }

/** A person's device in a process of its own, and what the parent may ask of it. */
export const openDevice = async (name: string) => {
  const [path = '', hub = ''] = process.argv.slice(2)
  const kith = await openKith({ path, hubs: [hub], name })
  const titles = createSightings()
  const texts = createSightings()
  let current: { space: Space<Music>; text: OpenText; stop: () => void } | undefined

  const space = (): Space<Music> => {
    if (current === undefined) throw new Error('There is no space here yet.')
    return current.space
  }

  /** Opens what a person would have on the screen: a live list of notes, and one note to type in. */
  const use = async (joined: Space<Music>, note: string): Promise<void> => {
    const text = await joined.text('Note', note, 'body')
    const see = (): void => texts.see(text.doc.getText('text').toJSON())
    text.doc.on('update', see)
    see()
    const stop = joined.live(
      (query) => query.selectFrom('Note').select('title'),
      (rows) => rows.forEach((row) => titles.see(row.title)),
    )
    current = { space: joined, text, stop }
  }

  const methods = {
    address: () => kith.address,
    spaceId: () => space().id,
    content: () => readContent(space()),
    /** Bytes that crossed to and from all hubs so far, as WebSocket messages. */
    traffic: async () => {
      const { hubs } = await kith.status()
      return {
        sent: hubs.reduce((sum, hub) => sum + hub.sentBytes, 0),
        received: hubs.reduce((sum, hub) => sum + hub.receivedBytes, 0),
      }
    },
    /** When the edit began. It is on its way at once; the answer comes when it is durable here. */
    retitle: async ({ note, title }: { note: string; title: string }) => {
      const began = process.hrtime.bigint()
      await space().tables.Note.update(note, { title })
      return began
    },
    addNote: async (title: string) => {
      await space().tables.Note.insert({ title })
    },
    type: ({ text, at }: { text: string; at: number }) => {
      const began = process.hrtime.bigint()
      current?.text.doc.getText('text').insert(at, text)
      return began
    },
    /** When a title, or the note's whole text, was first on this screen. The clock is the machine's, so processes agree. */
    titleSeen: (title: string) => titles.when(title),
    textSeen: (text: string) => texts.when(text),
    isConnected: async () => (await kith.status()).hubs.every((hub) => hub.state === 'connected'),
    synced: () => space().synced({ timeoutMs: 20_000 }),
    close: async () => {
      current?.stop()
      await current?.text.close()
      await kith.close()
    },
  }
  return { kith, methods, space, use }
}

export type DeviceMethods = Awaited<ReturnType<typeof openDevice>>['methods']

/** Remembers when each value was first seen, and lets a caller wait for one. */
const createSightings = () => {
  const seen = new Map<string, bigint>()
  const waiting = new Map<string, (at: bigint) => void>()
  return {
    see: (value: string): void => {
      if (seen.has(value)) return
      const at = process.hrtime.bigint()
      seen.set(value, at)
      waiting.get(value)?.(at)
      waiting.delete(value)
    },
    when: (value: string): bigint | Promise<bigint> =>
      seen.get(value) ?? new Promise<bigint>((resolve) => waiting.set(value, resolve)),
  }
}

/** Rows of the eleven tables. */
export const countAll = async (space: Space<Music>): Promise<number> => {
  let sum = 0
  for (const name of musicTables) {
    const [row] = await space.query((query) =>
      query.selectFrom(name).select((of) => of.fn.countAll<number>().as('rows')),
    )
    sum += row?.rows ?? 0
  }
  return sum
}

/** Canonical: tables by name, rows by id, columns by name, each row a line of JSON; SHA-256 over all lines. */
const readContent = async (space: Space<Music>): Promise<Content> => {
  const hash = createHash('sha256')
  const counts: Record<string, number> = {}
  for (const name of [...tables].sort()) {
    const rows: object[] = await space.query((query) => query.selectFrom(name).selectAll().orderBy('id'))
    counts[name] = rows.length
    for (const row of rows) {
      const cells = Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))
      hash.update(`${name} ${JSON.stringify(cells)}\n`)
    }
  }
  return { counts, digest: hash.digest('hex') }
}
