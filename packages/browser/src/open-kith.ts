import { KithError, type KithOptions } from '@kith/core'
import { type BrowserKith, createRemoteKith } from './page/kith.ts'
import { createCaller } from './port/caller.ts'
import { bootObject } from './port/messages.ts'
import type { BootService } from './worker/boot-service.ts'

export type OpenKithOptions = KithOptions & {
  /** Name of this person's data in this browser and origin: 1 to 64 letters, digits, - and _. 'kith' unless given. One page at a time. */
  readonly store?: string
  /** Where a bundler cannot find the worker by itself: a module worker that imports '@kith/browser/worker'. */
  readonly worker?: () => Worker
}

/**
 * Opens a person's data in a dedicated worker, or makes a new person in an empty store.
 *
 * @throws KithError `storage-busy` (another page has it), `storage-damaged`, `storage-newer`, `storage-full`,
 *   `storage-unavailable`, `insecure-url`.
 */
export const openKith = async (options: OpenKithOptions = {}): Promise<BrowserKith> => {
  const { store = 'kith', hubs = [], name } = options
  const worker = options.worker?.() ?? createWorker()
  const caller = createCaller(worker)
  let isOpen = false
  worker.addEventListener('error', (event) => {
    const error = event.error instanceof Error ? event.error : new Error(event.message || 'The worker did not load.')
    if (isOpen) reportError(error)
    else caller.fail(error)
  })
  const end = (): void => {
    worker.terminate()
    caller.fail(new KithError('closed', 'This person was closed. Open it again.'))
  }
  try {
    const opened = await caller.object<BootService>(bootObject).call('open', { store, hubs, name })
    isOpen = true
    return createRemoteKith(caller, opened, end)
  } catch (cause) {
    end()
    throw cause
  }
}

/** Bundlers look for exactly this expression. */
const createWorker = (): Worker => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'kith' })
