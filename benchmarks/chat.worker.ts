import { app, type Kith, openKith, table, text } from '@kith/node'
import { answerRequests, peakMegabytes } from './processes.ts'
import { profiled } from './profiles.ts'

const chat = app('org.kith.benchmark.chat', { version: 1, tables: { messages: table({ text: text() }) } })

/** What a newcomer waits for, in milliseconds from the call of `join`. */
export type Joined = {
  readonly memberMs: number
  /** The newest message is shown. */
  readonly newestMs: number
  /** Entries that were still to be read then. */
  readonly unread: number
  readonly completeMs: number
  readonly bytes: number
  readonly peakMegabytes: number
}

export type Crowd = { readonly link: string; readonly writeMs: number; readonly entries: number }

/** A message as people write them: 20 to 120 characters. */
const say = (n: number): string =>
  `${n} ${'so it is said, and so it goes on '.repeat(1 + (n % 4)).slice(0, 20 + ((n * 37) % 100))}`

const open: Kith[] = []

type Newcomer = { readonly path: string; readonly hubs: string[]; readonly link: string; readonly messages: number }

const join = async ({ path, hubs, link, messages }: Newcomer): Promise<Joined> => {
  const kith = await openKith({ path, hubs, name: 'Newcomer' })
  open.push(kith)
  const start = performance.now()
  const space = await kith.join(chat, link)
  const memberMs = performance.now() - start
  const shown = Promise.withResolvers<{ newestMs: number; unread: number }>()
  const complete = Promise.withResolvers<number>()
  const stopNewest = space.live(
    (q) => q.selectFrom('messages').select(['id', 'text']).orderBy('id', 'desc').limit(50),
    ([newest]) => {
      if (newest?.text !== say(messages - 1)) return
      const newestMs = performance.now() - start
      space.status().then(({ hubs: all }) => shown.resolve({ newestMs, unread: all[0]?.unread ?? 0 }), shown.reject)
    },
  )
  const stopCount = space.live(
    (q) => q.selectFrom('messages').select((e) => e.fn.countAll<number>().as('n')),
    ([row]) => {
      if (row?.n === messages) complete.resolve(performance.now() - start)
    },
  )
  const { newestMs, unread } = await shown.promise
  const completeMs = await complete.promise
  stopNewest()
  stopCount()
  const bytes = (await kith.status()).hubs.reduce((sum, hub) => sum + hub.receivedBytes, 0)
  return { memberMs, newestMs, unread, completeMs, bytes, peakMegabytes: peakMegabytes() }
}

answerRequests({
  /** So many people, all online, write so many messages in turn, each a commit of its own; then they pack. */
  crowd: async ({
    path,
    hubs,
    people,
    messages,
  }: {
    path: string
    hubs: string[]
    people: number
    messages: number
  }): Promise<Crowd> => {
    const first = await openKith({ path: `${path}/0`, hubs, name: 'Person 0' })
    open.push(first)
    const home = await first.createSpace(chat, { name: 'Chat' })
    const link = await home.invite({ role: 'writer' })
    const spaces = [home]
    for (let person = 1; person < people; person += 1) {
      const kith = await openKith({ path: `${path}/${person}`, hubs, name: `Person ${person}` })
      open.push(kith)
      spaces.push(await kith.join(chat, link))
    }
    const start = performance.now()
    for (let n = 0; n < messages; n += 1) {
      const space = spaces[n % people] ?? home
      await space.tables.messages.insert({ text: say(n) })
      // Nobody in a chat is a thousand messages behind.
      if (n % 200 === 199) await Promise.all(spaces.map((each) => each.synced()))
    }
    const writeMs = performance.now() - start
    const unpacked = async (): Promise<number> => (await home.status()).hubs.reduce((sum, hub) => sum + hub.unpacked, 0)
    const endMs = performance.now() + 60_000
    while ((await unpacked()) > 600 && performance.now() < endMs)
      await new Promise((resolve) => setTimeout(resolve, 200))
    return { link, writeMs, entries: await unpacked() }
  },
  join: (what: Newcomer) => profiled('chat', () => join(what)),
  close: async () => {
    for (const kith of open) await kith.close()
  },
})
