import { use, useSyncExternalStore } from 'react'

/** Something that comes later and changes: rows, members, an open space. Kept outside the tree, because React drops what has not mounted. */
export type Resource<T> = {
  readonly snapshot: () => Snapshot<T>
  readonly subscribe: (listener: () => void) => () => void
  /** Resolves when there is a value, or a failure. */
  readonly settled: Promise<void>
}

export type Snapshot<T> =
  | { readonly state: 'pending' }
  | { readonly state: 'ready'; readonly value: T }
  | { readonly state: 'failed'; readonly error: unknown }

/** Begins; returns what ends it. */
export type Start<T> = (show: (value: T) => void, fail: (error: unknown) => void) => () => void

/** One resource for each name and owner, shared by all components that ask for it. */
export type Resources = {
  readonly of: <T>(owner: object, name: string, start: Start<T>) => Resource<T>
}

/**
 * How long a resource stays when nobody shows it: time for a suspended component to come back to it, and for a list that is left and opened
 * again to be there at once.
 */
const lingerMs = 5_000

export const createResources = (): Resources => {
  const owners = new WeakMap<object, Map<string, Resource<unknown>>>()
  return {
    of: <T>(owner: object, name: string, start: Start<T>): Resource<T> => {
      const known = owners.get(owner) ?? new Map<string, Resource<unknown>>()
      owners.set(owner, known)
      let resource = known.get(name)
      if (!resource) known.set(name, (resource = createResource(start as Start<unknown>, () => known.delete(name))))
      return resource as Resource<T>
    },
  }
}

const createResource = <T>(start: Start<T>, ended: () => void): Resource<T> => {
  const listeners = new Set<() => void>()
  let snapshot: Snapshot<T> = { state: 'pending' }
  let timer: ReturnType<typeof setTimeout> | undefined
  const { promise: settled, resolve } = Promise.withResolvers<void>()
  const settle = (): void => {
    // So that React's `use` goes on at once.
    void Object.assign(settled, { status: 'fulfilled' })
    resolve()
  }
  const linger = (): void => {
    clearTimeout(timer)
    if (listeners.size > 0) return
    timer = setTimeout(() => {
      ended()
      stop()
    }, lingerMs)
  }
  const set = (next: Snapshot<T>): void => {
    const isFirst = snapshot.state === 'pending'
    snapshot = next
    settle()
    if (isFirst) linger()
    for (const listener of listeners) listener()
  }
  const stop = start(
    (value) => set({ state: 'ready', value }),
    (error) => set({ state: 'failed', error }),
  )
  return {
    snapshot: () => snapshot,
    settled,
    subscribe: (listener) => {
      listeners.add(listener)
      clearTimeout(timer)
      return () => {
        listeners.delete(listener)
        if (snapshot.state !== 'pending') linger()
      }
    },
  }
}

/** What a promise gives, as a resource. */
export const fromPromise =
  <T>(begin: () => Promise<T>): Start<T> =>
  (show, fail) => {
    begin().then(show, fail)
    return () => {}
  }

export const useSnapshot = <T>(resource: Resource<T>): Snapshot<T> =>
  useSyncExternalStore(resource.subscribe, resource.snapshot, resource.snapshot)

/** The value, once there is one: the nearest `Suspense` shows until then, the nearest error boundary what fails. */
export const useReady = <T>(resource: Resource<T>): T => {
  useSnapshot(resource)
  // Always, also when it is there: React wants a render that goes on to ask for what the one before waited for.
  use(resource.settled)
  const snapshot = resource.snapshot()
  if (snapshot.state === 'failed') throw snapshot.error
  return (snapshot as { value: T }).value
}
