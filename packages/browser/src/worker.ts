/** The dedicated worker of the tab that leads: the engine, and all tabs' calls to it. */
import { errorToData } from './port/error-data.ts'
import type { PageMessage } from './port/messages.ts'
import type { OwnMessage } from './tabs/messages.ts'
import { boot, type Running } from './worker/boot.ts'

let running: Running | undefined

const post = (message: OwnMessage, transfer: Transferable[] = []): void => self.postMessage(message, { transfer })

self.addEventListener('message', async ({ data }: MessageEvent<OwnMessage>) => {
  if (data.type === 'port') running?.receive(data.message as PageMessage)
  else if (data.type === 'boot') {
    try {
      running = await boot(data.boot, (message, transfer) => post({ type: 'port', message }, transfer))
      post({ type: 'booted', opened: running.opened })
    } catch (thrown) {
      post({ type: 'failed', error: errorToData(thrown) })
    }
  } else if (data.type === 'close') {
    await running?.close().catch(() => {})
    post({ type: 'close' })
  }
})
