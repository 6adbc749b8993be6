import type { OpenText } from '@kith/core'
import * as Y from 'yjs'
import type { ListenEvents } from '../port/messages.ts'

/** What the page's document has to follow. A `start` is the whole of a new document, by which the page replaces its own. */
export type TextEvent =
  | { readonly type: 'start'; readonly round: string; readonly client: number; readonly state: Uint8Array }
  | { readonly type: 'update'; readonly update: Uint8Array }

/** Marks what the page has typed, which it need not be told. */
const fromPage = { name: 'the page' }

/**
 * An open text for one page. Its document has a twin there, with the same client id, so that what is typed in the page is what this
 * device's session signs; this end never types by itself.
 */
export const createTextSession = ({ event, failed }: ListenEvents<TextEvent>, opening: Promise<OpenText>) => {
  /** Names a document: what was typed into one that is no more does not fit the next. */
  let round = ''
  let doc: Y.Doc | undefined
  let unfollow = (): void => {}
  const tell = (update: Uint8Array, origin: unknown): void => {
    if (origin !== fromPage) event({ type: 'update', update })
  }
  const start = (text: OpenText): void => {
    doc?.off('update', tell)
    doc = text.doc
    round = crypto.randomUUID()
    event({ type: 'start', round, client: doc.clientID, state: Y.encodeStateAsUpdate(doc) })
    doc.on('update', tell)
  }
  let isStopped = false
  opening.then((text) => {
    if (isStopped) return
    unfollow = text.replaced(() => start(text))
    start(text)
  }, failed)
  const stop = (): void => {
    if (isStopped) return
    isStopped = true
    unfollow()
    doc?.off('update', tell)
    // A page that closes in order has waited for `saved` already.
    opening.then((text) => text.close()).catch(() => {})
  }

  return {
    stop,
    calls: {
      /** False: it came too late, for a document that has been replaced. */
      typed: (typedIn: string, update: Uint8Array): boolean => {
        if (typedIn !== round || !doc) return false
        const typedDoc = doc
        typedDoc.transact((transaction) => {
          Y.applyUpdate(typedDoc, update)
          // To Yjs every update is somebody else's; to the session, what this device types is local.
          transaction.local = true
        }, fromPage)
        return true
      },
      /** False: the page has another document than this one by now, or soon. */
      saved: async (savedIn: string): Promise<boolean> => {
        await (await opening).saved()
        return savedIn === round
      },
    },
  }
}
