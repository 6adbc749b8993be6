import { type App, type Kith, KithError, type SpaceSummary, type Status } from '@kith/core'
import type { StorageKind } from '../platform/storage.ts'
import { appToData } from '../port/app-data.ts'
import type { Caller } from '../port/caller.ts'
import type { ObjectNumber } from '../port/messages.ts'
import { createRowsDecoder } from '../port/rows.ts'
import type { KithService } from '../worker/kith-service.ts'
import { createToQueryNode, type ToQueryNode } from './query.ts'
import { createRemoteSpace, rethrow } from './space.ts'

/** A person in a page. */
export type BrowserKith = Kith & {
  /** 'memory' where the browser keeps no files (private windows): tell the person that nothing stays. */
  readonly storage: StorageKind
}

export type OpenedKith = { readonly kith: ObjectNumber; readonly address: string; readonly storage: StorageKind }

/** The `Kith` of the core, each of its methods a call to the worker. `ended` stops the worker. */
export const createRemoteKith = (caller: Caller, opened: OpenedKith, ended: () => void): BrowserKith => {
  const remote = caller.object<KithService>(opened.kith)
  const filterToData = (app: App | undefined) => app && appToData(app)
  const spanning = new WeakMap<App, ToQueryNode>()
  const toNodeOf = (app: App): ToQueryNode => {
    let toNode = spanning.get(app)
    if (!toNode) spanning.set(app, (toNode = createToQueryNode(app, true)))
    return toNode
  }
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= remote.call('close').finally(ended))

  return {
    address: opened.address,
    storage: opened.storage,
    createSpace: async (app, options) =>
      createRemoteSpace(caller, app, await remote.call('createSpace', appToData(app), options)),
    join: async (app, link) => createRemoteSpace(caller, app, await remote.call('join', appToData(app), link)),
    open: async (app, id) => createRemoteSpace(caller, app, await remote.call('open', appToData(app), id)),
    spaces: (filter = {}) => remote.call('spaces', filterToData(filter.app)),
    liveSpaces: (filter, listener) =>
      remote.listen(
        'liveSpaces',
        { event: (spaces: SpaceSummary[]) => listener(spaces), failed: rethrow },
        filterToData(filter.app),
      ),
    query: async (app, build) =>
      remote.call('query', appToData(app), toNodeOf(app)(build as never)) as Promise<never[]>,
    live: (app, build, listener, failed = rethrow) => {
      const decode = createRowsDecoder()
      return remote.listen(
        'live',
        { event: (update) => listener(decode(update) as never[]), failed },
        appToData(app),
        toNodeOf(app)(build as never),
      )
    },
    status: () => remote.call('status'),
    liveStatus: (listener) =>
      remote.listen('liveStatus', { event: (status: Status) => listener(status), failed: rethrow }),
    importBundle: async (bundle) => {
      if (typeof bundle === 'string')
        throw new KithError('not-supported', 'A page has no files to name. Give the bytes of the bundle.')
      return remote.call('importBundle', bundle)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
