import type { OpenText } from '@kith/core'
import * as Y from 'yjs'
import type { Listening } from '../port/caller.ts'
import type { ListenEvents } from '../port/messages.ts'
import type { createTextSession, TextEvent } from '../worker/text-session.ts'
import { retype } from './retype.ts'

/** The origin of what others typed, the same as in Node. */
const textRemoteOrigin = 'kith:remote'

type Follow = (events: ListenEvents<TextEvent>) => Listening<ReturnType<typeof createTextSession>>

/** The page's twin of a document in the worker: see `createTextSession`. */
export const openRemoteText = async (follow: Follow): Promise<OpenText> => {
  const listeners = new Set<(doc: Y.Doc) => void>()
  let doc: Y.Doc | undefined
  let round = ''
  /** What was typed and not yet taken by the worker. */
  const typing = new Set<Promise<unknown>>()
  /** What typing failed with, for `saved` to tell. */
  let failure: Error | undefined

  const start = (event: TextEvent & { type: 'start' }): void => {
    const next = createTwin(event)
    const old = doc
    doc = next
    round = event.round
    next.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, transaction: Y.Transaction) => {
      if (!transaction.local) return
      const typed: Promise<unknown> = listening.session.call('typed', event.round, update).then(
        () => typing.delete(typed),
        (cause: Error) => {
          failure ??= cause
          typing.delete(typed)
        },
      )
      typing.add(typed)
    })
    if (!old) return
    // What was typed into the old one and did not get there in time.
    retype(old, next)
    old.destroy()
    for (const listener of listeners) listener(next)
  }

  let resolveStarted = (_doc: Y.Doc): void => {}
  let rejectStarted = (_error: unknown): void => {}
  const starting = new Promise<Y.Doc>((resolve, reject) => {
    resolveStarted = resolve
    rejectStarted = reject
  })
  const listening = follow({
    event: (event) => {
      if (event.type === 'update') {
        if (doc) Y.applyUpdate(doc, event.update, textRemoteOrigin)
      } else {
        start(event)
        resolveStarted(doc as Y.Doc)
      }
    },
    failed: rejectStarted,
  })
  const started = await starting.catch((cause: unknown) => {
    listening.stop()
    throw cause
  })
  const saved = async (): Promise<void> => {
    for (;;) {
      await Promise.all(typing)
      const isSaved = await listening.session.call('saved', round)
      if (failure !== undefined) {
        const told = failure
        failure = undefined
        throw told
      }
      if (isSaved && typing.size === 0) return
    }
  }

  return {
    get doc() {
      return doc ?? started
    },
    replaced: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    saved,
    close: async () => {
      try {
        await saved()
      } finally {
        listening.stop()
        doc?.destroy()
      }
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
