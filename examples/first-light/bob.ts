// Bob's process: he joins by a link, and waits until all of it is there. Parameters: data folder, hub.
import { setTimeout as after } from 'node:timers/promises'
import { countAll, openDevice } from './device.ts'
import { music } from './music.ts'
import { bobsName, firstWords } from './names.ts'
import { serve, tellProgress } from './serve.ts'

/** How often he looks: often enough for a bar that moves, seldom enough to cost nothing. */
const lookMs = 20

const bob = await openDevice(bobsName)

const methods = {
  ...bob.methods,
  /** Resolves when `rows` rows and the note are here; its time starts when he opens the link. */
  join: async ({ link, note, rows }: { link: string; note: string; rows: number }) => {
    const started = performance.now()
    const space = await bob.kith.join(music, link)
    const joinedMs = performance.now() - started
    for (;;) {
      const here = await countAll(space)
      tellProgress(here)
      if (here >= rows && (await space.tables.Note.get(note))?.body === firstWords) break
      await after(lookMs)
    }
    const completeMs = performance.now() - started
    await bob.use(space, note)
    return { joinedMs, completeMs }
  },
}
export type BobMethods = typeof methods
serve(methods)
