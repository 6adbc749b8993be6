import type { KithOptions, LinkDeviceOptions, LinkingDevice, RecoverPersonOptions } from '@kith/core'
import { type BrowserKith, createRemoteKith } from './page/kith.ts'
import { keepMark, readMark } from './page/mark.ts'
import type { Met, Start } from './tabs/messages.ts'
import { openTab, type Tab, type TabOptions } from './tabs/tab.ts'

type Place = {
  /** Name of this person's data in this browser and origin: 1 to 64 letters, digits, - and _. 'kith' unless given. All tabs share it. */
  readonly store?: string
  /** Where a bundler cannot find the worker by itself: a module worker that imports '@kith/browser/worker'. */
  readonly worker?: () => Worker
}

export type OpenKithOptions = KithOptions & Place

/**
 * Opens a person's data in a dedicated worker, or makes a new person in an empty store. All tabs of the origin share one engine: if the tab
 * that has it goes, another takes over, with its own `hubs` and `name`.
 *
 * @throws KithError `storage-lost` (the browser has dropped the store: `eraseStore`), `storage-locked`, `storage-busy`, `storage-damaged`, `storage-newer`, `storage-full`, `storage-unavailable`, `insecure-url`,
 *   `protocol-version` (another tab runs another version of this app).
 */
export const openKith = async ({ store, worker, ...options }: OpenKithOptions = {}): Promise<BrowserKith> =>
  toKith(await openTab(toTab({ store, worker }, { how: 'open' }, options)))

/**
 * Makes an empty store a further device of a person: `addDevice()` on one that the person has gives the code.
 *
 * @throws KithError `bad-device-code`, `device-not-linked`, `hub-unreachable`, `not-allowed` (there is a person in the store), those of `openKith`.
 */
export const linkDevice = async (options: LinkDeviceOptions & Place): Promise<LinkingDevice<BrowserKith>> => {
  const { store, worker, ...link } = options
  const apps = link.apps?.map((app) => (typeof app === 'string' ? app : app.id))
  const start: Start = { how: 'link', options: apps ? { ...link, apps } : link }
  return new Promise((resolve, reject) => {
    const met = ({ check, address }: Met, confirm: () => void, cancel: () => void): void =>
      resolve({
        check,
        address,
        confirm: async () => {
          confirm()
          return toKith(await opening)
        },
        cancel,
      })
    const opening = openTab({ ...toTab({ store, worker }, start, link), met })
    opening.catch(reject)
  })
}

/**
 * A person comes back in an empty store, by the twelve words of the recovery phrase.
 *
 * @throws KithError `bad-phrase`, `hub-unreachable`, `not-found` (no hub knows the phrase), `not-allowed` (there is a person in the store),
 *   those of `openKith`.
 */
export const recoverPerson = async (options: RecoverPersonOptions & Place): Promise<BrowserKith> => {
  const { store, worker, ...recovery } = options
  return toKith(await openTab(toTab({ store, worker }, { how: 'recover', options: recovery }, recovery)))
}

type AnyPlace = { readonly [N in keyof Place]: Place[N] | undefined }

const toTab = (
  { store = 'kith', worker = createWorker }: AnyPlace,
  start: Start,
  { hubs = [], name, isolation }: KithOptions,
): TabOptions => ({ store, start, hubs, name, isolation, createWorker: worker, mark: readMark(store) })

const toKith = ({ caller, opened, leave, store }: Tab): BrowserKith => {
  const kith = createRemoteKith(caller, opened, leave)
  if (kith.storage === 'kept') keepMark(store, kith)
  return kith
}

/** Bundlers look for exactly this expression. */
const createWorker = (): Worker => new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'kith' })
