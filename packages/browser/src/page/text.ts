import type { OpenText } from '@kith/core'
import * as Y from 'yjs'
import type { RemoteObject } from '../port/caller.ts'
import type { TextEvent, TextService } from '../worker/text-service.ts'

/** The origin of what others typed, the same as in Node. */
const textRemoteOrigin = 'kith:remote'

/** The page's twin of a document in the worker: see `createTextService`. */
export const openRemoteText = async (remote: RemoteObject<TextService>): Promise<OpenText> => {
  const listeners = new Set<(doc: Y.Doc) => void>()
  let doc: Y.Doc | undefined
  /** What typing failed with, for `saved` to tell. */
  let failure: Error | undefined

  const start = (event: TextEvent & { type: 'start' }): void => {
    const { round } = event
    const next = createTwin(event)
    next.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
      if (!transaction.local) return
      remote.call('typed', round, update).catch((cause: Error) => {
        failure ??= cause
      })
    })
    const old = doc
    doc = next
    if (!old) return
    old.destroy()
    for (const listener of listeners) listener(next)
  }

  let stop = (): void => {}
  const started = await new Promise<Y.Doc>((resolve, reject) => {
    const event = (event: TextEvent): void => {
      if (event.type === 'update') Y.applyUpdate(doc as Y.Doc, event.update, textRemoteOrigin)
      else {
        start(event)
        resolve(doc as Y.Doc)
      }
    }
    stop = remote.listen('follow', { event, failed: reject })
  })

  return {
    get doc() {
      return doc ?? started
    },
    replaced: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    saved: async () => {
      await remote.call('saved')
      if (failure !== undefined) throw failure
    },
    close: async () => {
      stop()
      await remote.call('close')
      doc?.destroy()
    },
  }
}

const createTwin = ({ client, state }: TextEvent & { type: 'start' }): Y.Doc => {
  const doc = new Y.Doc({ guid: 'kith' })
  doc.clientID = client
  // Formatting is never tidied up on arrival: which of it is redundant depends on the order, and would differ between peers.
  doc.on('afterTransaction', (transaction: Y.Transaction) => {
    if (!transaction.local) transaction._needFormattingCleanup = false
  })
  Y.applyUpdate(doc, state, textRemoteOrigin)
  return doc
}
