// Alice's process: she makes the space, imports the music and starts a note. Parameters: data folder, hub.
import { openDevice } from './device.ts'
import { importMusic } from './import.ts'
import { music } from './music.ts'
import { alicesName, firstWords, spaceName } from './names.ts'
import { serve, tellProgress } from './serve.ts'
import { countRows, readSource, type SourceWish } from './source.ts'

const alice = await openDevice(alicesName)

const methods = {
  ...alice.methods,
  /** The music into a new space; one row more for the note. */
  create: async (wished: SourceWish) => {
    const source = readSource(wished)
    const space = await alice.kith.createSpace(music, { name: spaceName })
    const started = performance.now()
    await importMusic(space, source, tellProgress)
    const importMs = performance.now() - started
    const note = await space.tables.Note.insert({ title: 'Opening hours' })
    await alice.use(space, note)
    alice.methods.type({ text: firstWords, at: 0 })
    await space.synced({ timeoutMs: 20_000 })
    return { note, importMs, atHubMs: performance.now() - started, rows: countRows(source) }
  },
  invite: () => alice.space().invite({ role: 'writer', uses: 10 }),
}
export type AliceMethods = typeof methods
serve(methods)
