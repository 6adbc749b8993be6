import type { KithOptions } from '@kith/core'
import { type BrowserKith, createRemoteKith } from './page/kith.ts'
import { openTab } from './tabs/tab.ts'

export type OpenKithOptions = KithOptions & {
  /** Name of this person's data in this browser and origin: 1 to 64 letters, digits, - and _. 'kith' unless given. All tabs share it. */
  readonly store?: string
  /** Where a bundler cannot find the worker by itself: a module worker that imports '@kith/browser/worker'. */
  readonly worker?: () => Worker
}

/**
 * Opens a person's data in a dedicated worker, or makes a new person in an empty store. All tabs of the origin share one engine: if the tab
 * that has it goes, another takes over, with its own `hubs` and `name`.
 *
 * @throws KithError `storage-busy`, `storage-damaged`, `storage-newer`, `storage-full`, `storage-unavailable`, `insecure-url`,
 *   `protocol-version` (another tab runs another version of this app).
 */
export const openKith = async (options: OpenKithOptions = {}): Promise<BrowserKith> => {
  const { store = 'kith', hubs = [], name } = options
  const { caller, opened, leave } = await openTab({ store, hubs, name, createWorker: options.worker ?? createWorker })
  return createRemoteKith(caller, opened, leave)
}

/** Bundlers look for exactly this expression. */
const createWorker = (): Worker => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'kith' })
