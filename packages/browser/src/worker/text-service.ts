import type { OpenText } from '@kith/core'
import * as Y from 'yjs'
import type { ListenEvents } from '../port/messages.ts'

export type TextService = ReturnType<typeof createTextService>

/** What the page's document has to follow. A `start` is the whole of a new document, by which the page replaces its own. */
export type TextEvent =
  | { readonly type: 'start'; readonly round: number; readonly client: number; readonly state: Uint8Array }
  | { readonly type: 'update'; readonly update: Uint8Array }

/** Marks what the page has typed, which it need not be told. */
const fromPage = { name: 'the page' }

/**
 * An open text for one page. Its document has a twin there, with the same client id, so that what is typed in the page is what this
 * device's session signs; this end never types by itself.
 */
export const createTextService = (text: OpenText, closed: () => void) => {
  /** Counts documents: what was typed into one that is no more does not fit the next. */
  let round = 0
  return {
    calls: {
      typed: (typedIn: number, update: Uint8Array) => {
        if (typedIn !== round) return
        text.doc.transact((transaction) => {
          Y.applyUpdate(text.doc, update)
          // To Yjs every update is somebody else's; to the session, what this device types is local.
          transaction.local = true
        }, fromPage)
      },
      saved: () => text.saved(),
      close: async () => {
        closed()
        await text.close()
      },
    },
    listens: {
      follow: ({ event }: ListenEvents<TextEvent>) => {
        let doc = text.doc
        const tell = (update: Uint8Array, origin: unknown): void => {
          if (origin !== fromPage) event({ type: 'update', update })
        }
        const start = (): void => {
          doc = text.doc
          event({ type: 'start', round, client: doc.clientID, state: Y.encodeStateAsUpdate(doc) })
          doc.on('update', tell)
        }
        const stop = text.replaced(() => {
          doc.off('update', tell)
          round += 1
          start()
        })
        start()
        return () => {
          stop()
          doc.off('update', tell)
        }
      },
    },
  }
}
