/** The dedicated worker of the tab that leads: the engine, and all tabs' calls to it. */
import { KithError } from '@kith/core/bytes'
import { errorToData } from './port/error-data.ts'
import type { PageMessage } from './port/messages.ts'
import type { Met, OwnMessage } from './tabs/messages.ts'
import { boot, type Running } from './worker/boot.ts'

let running: Running | undefined
/** What a person says who compares. */
let answer: { readonly yes: () => void; readonly no: (error: Error) => void } | undefined

const post = (message: OwnMessage, transfer: Transferable[] = []): void => self.postMessage(message, { transfer })

const compare = async (met: Met): Promise<void> =>
  new Promise((yes, no) => {
    answer = { yes, no }
    post({ type: 'met', met })
  })

self.addEventListener('message', async ({ data }: MessageEvent<OwnMessage>) => {
  if (data.type === 'port') running?.receive(data.message as PageMessage)
  else if (data.type === 'confirm') answer?.yes()
  else if (data.type === 'boot') {
    try {
      running = await boot(data.boot, (message, transfer) => post({ type: 'port', message }, transfer), compare)
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
