import { type App, createKith, type Kith, type Platform } from '@kith/core'
import { KithError } from '@kith/core/bytes'
import type { BrowserPlatform } from '../platform/platform.ts'
import { type Callee, type CallNotes, createCallee } from '../port/callee.ts'
import { errorToData } from '../port/error-data.ts'
import { createLensPages } from '../port/lens-pages.ts'
import type { PageMessage, WorkerMessage } from '../port/messages.ts'
import { methodNames } from '../port/values.ts'
import type { BootOptions, Opened } from '../tabs/messages.ts'
import { serveTabs } from '../tabs/serve.ts'
import type { Compare } from './arrive.ts'
import { explainStorageError, lostError } from './explain-error.ts'
import { createKithService } from './kith-service.ts'
import { createNotes } from './notes.ts'
import { createSpaceService } from './space-service.ts'

export type Running = {
  readonly opened: Opened
  /** From the page that started the worker. */
  readonly receive: (message: PageMessage) => void
  readonly close: () => Promise<void>
}

type Post = (message: WorkerMessage, transfer: Transferable[]) => void

/** Opens the person for all tabs. `post` goes to the page that started the worker. @throws as `openKith`, `linkDevice`, `recoverPerson`. */
export const boot = async (
  options: BootOptions,
  { platform, storage, isNew, close }: BrowserPlatform,
  post: Post,
  compare: Compare,
): Promise<Running> => {
  const { store, round, tab } = options
  const notes = createNotes()
  let kith: Kith
  try {
    if (isNew && storage === 'kept' && options.mark && options.start.how === 'open')
      throw lostError(store, options.mark)
    const openDatabase = async () => notes.wrap(await platform.openDatabase())
    kith = await begin({ ...platform, openDatabase }, options, compare)
  } catch (cause) {
    close()
    throw cause
  }
  const opened: Opened = { round, address: kith.address, storage, methods: methodNames(kith) }
  const lensPages = createLensPages()
  const calleeOf = (to: Post, own: CallNotes): Callee =>
    createCallee({
      post: to,
      round,
      kith: createKithService(kith),
      openSpace: async (app: App, id: string) => createSpaceService(await kith.open(app, id)),
      notes: own,
      lensPages,
      explainError: (error) => explainStorageError(store, error),
    })
  const known = notes.start()
  const callee = calleeOf(post, notes.of(tab))
  const tabs = serveTabs({
    store,
    opened,
    connect: (tab, postToTab) => calleeOf((message) => postToTab(message), notes.of(tab)),
    forget: notes.forget,
    known,
  })
  let closing: Promise<void> | undefined
  return {
    opened,
    receive: (message) => {
      if (closing && message.type === 'call') post({ type: 'error', id: message.id, error: closedError }, [])
      else callee.receive(message)
    },
    close: () =>
      (closing ??= (async () => {
        // First of all: what other tabs ask from now on, the next worker answers.
        tabs.close()
        try {
          await kith.close()
        } finally {
          close()
        }
      })()),
  }
}

const begin = async (
  platform: Platform,
  { start, hubs, name, isolation }: BootOptions,
  compare: Compare,
): Promise<Kith> => {
  if (start.how === 'open') return createKith(platform, { hubs, name, isolation })
  const { arrive } = await import('./arrive.ts')
  return arrive(platform, start, compare)
}

const closedError = errorToData(new KithError('closed', 'This person was closed. Open it again.'))
