/**
 * The dedicated worker of the tab that leads: the engine, and all tabs' calls to it. What the engine needs of the browser and the engine
 * itself are loaded side by side: SQLite comes while the engine is read.
 */
import { KithError } from '@kith/core/bytes'
import { createBrowserPlatform } from './platform/platform.ts'
import { errorToData } from './port/error-data.ts'
import type { PageMessage } from './port/messages.ts'
import { holdLock } from './tabs/lock.ts'
import type { BootOptions, Met, OwnMessage } from './tabs/messages.ts'
import { roundLock } from './tabs/names.ts'
import type { Running } from './worker/boot.ts'

let running: Running | undefined
/** What a person says who compares. */
let answer: { readonly yes: () => void; readonly no: (error: Error) => void } | undefined

const post = (message: OwnMessage, transfer: Transferable[] = []): void => self.postMessage(message, { transfer })

const compare = async (met: Met): Promise<void> =>
  new Promise((yes, no) => {
    answer = { yes, no }
    post({ type: 'met', met })
  })

const start = async (options: BootOptions): Promise<Running> => {
  const [opened, { boot }] = await Promise.all([
    createBrowserPlatform(options.store),
    import('./worker/boot.ts'),
    // The page asks for it when it is told that the store is open.
    holdLock(roundLock(options.store, options.round)),
  ])
  return boot(options, opened, (message, transfer) => post({ type: 'port', message }, transfer), compare)
}

self.addEventListener('message', async ({ data }: MessageEvent<OwnMessage>) => {
  if (data.type === 'port') running?.receive(data.message as PageMessage)
  else if (data.type === 'confirm') answer?.yes()
  else if (data.type === 'boot') {
    try {
      running = await start(data.boot)
      post({ type: 'booted', opened: running.opened })
    } catch (thrown) {
      post({ type: 'failed', error: errorToData(thrown) })
    }
  } else if (data.type === 'close') {
    answer?.no(
      new KithError('device-not-linked', 'Linking was given up on this device. Begin again with a fresh code.'),
    )
    await running?.close().catch(() => {})
    post({ type: 'close' })
  }
})
