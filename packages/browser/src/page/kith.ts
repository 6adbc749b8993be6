import { type App, type Kith, KithError, type LiveListener } from '@kith/core'
import type { StorageKind, StorageStatus } from '../platform/storage-status.ts'
import type { Caller } from '../port/caller.ts'
import { methodsToObject, partKey } from '../port/values.ts'
import type { Opened } from '../tabs/messages.ts'
import type { KithService } from '../worker/kith-service.ts'
import { startLive } from './live.ts'
import { createToQueryNode, type ToQueryNode } from './query.ts'
import { createPassing } from './remote.ts'
import { createRemoteSpace } from './space.ts'
import { persist, readStorageStatus } from './storage.ts'

/** A person in a page. */
export type BrowserKith = Kith & {
  /** 'memory' where the browser keeps no files (private windows): tell the person that nothing stays. */
  readonly storage: StorageKind
  /** What the browser lets this site keep, and whether it may drop it, with words for the person where something is to be said. */
  readonly storageStatus: () => Promise<StorageStatus>
  /** Asks the browser never to drop this site's data by itself; some ask the person: call it after a click. Whether it agrees. */
  readonly persist: () => Promise<boolean>
}

/** The `Kith` of the core, each of its methods a call to the worker. `leave` ends this page's part in the store. */
export const createRemoteKith = (caller: Caller, opened: Opened, leave: () => Promise<void>): BrowserKith => {
  const remote = caller.object<KithService>('kith')
  const spanning = new WeakMap<App, ToQueryNode>()
  const toNodeOf = (app: App): ToQueryNode => {
    let toNode = spanning.get(app)
    if (!toNode) spanning.set(app, (toNode = createToQueryNode(app, true)))
    return toNode
  }
  /** As the worker gets it: see `withApps` there. */
  const numbered = (app: App): App => ({ [partKey]: 'app', app: caller.appNumber(app) }) as unknown as App
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => (closing ??= leave())
  const passed = methodsToObject(opened.methods, createPassing(caller, 'kith', createRemoteSpace)) as unknown as Kith

  return {
    ...passed,
    address: opened.address,
    storage: opened.storage,
    storageStatus: () => readStorageStatus(opened.storage),
    persist,
    query: async (app, build) => remote.call('query', numbered(app), toNodeOf(app)(build as never)) as Promise<never[]>,
    live: ((app: App, build: never, listener?: LiveListener<object>, failed?: (error: unknown) => void) =>
      startLive(
        (events) => remote.listen('live', events, numbered(app), toNodeOf(app)(build)),
        listener,
        failed,
      )) as Kith['live'],
    importBundle: async (bundle) => {
      if (typeof bundle === 'string')
        throw new KithError('not-supported', 'A page has no files to name. Give the bytes of the bundle.')
      return passed.importBundle(bundle)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
