/** What is known of a store outside of it, in localStorage: where a browser drops the store, it tells what is gone. */
import type { Kith, Status } from '@kith/core'

export type Mark = {
  readonly address: string
  /** Pieces of history that no hub was known to have, when the store was last open. Undefined: no hub was set. */
  readonly pending: number | undefined
}

const nameOf = (store: string): string => `kith/${store}`

export const readMark = (store: string): Mark | undefined => {
  try {
    const { address, pending } = JSON.parse(localStorage.getItem(nameOf(store)) ?? '{}') as Partial<Mark>
    return typeof address === 'string'
      ? { address, pending: typeof pending === 'number' ? pending : undefined }
      : undefined
  } catch {
    return undefined
  }
}

export const dropMark = (store: string): void => {
  try {
    localStorage.removeItem(nameOf(store))
  } catch {
    // No storage, no mark.
  }
}

/** Keeps the mark true while the store is open. */
export const keepMark = (store: string, kith: Pick<Kith, 'address' | 'liveStatus'>): void => {
  let kept = ''
  kith.liveStatus((status) => {
    const mark = JSON.stringify({ address: kith.address, pending: pendingOf(status) } satisfies Mark)
    if (mark === kept) return
    kept = mark
    try {
      localStorage.setItem(nameOf(store), mark)
    } catch {
      // Cookies are blocked, or the disk is full: then nobody can tell what is gone.
    }
  })
}

/** The hub that has most counts: one is enough to bring it back. */
const pendingOf = ({ hubs }: Status): number | undefined =>
  hubs.length === 0 ? undefined : Math.min(...hubs.map(({ pending }) => pending))
