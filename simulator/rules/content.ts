import { toHex } from '@kith/core/bytes'
import { type Change, sortHeads } from '@kith/core/change'
import type { ContentOrder } from '@kith/core/membership'

/** Content changes that somebody has, as far as the evaluator asks about them: how they follow each other. */
export type Content = {
  readonly add: (change: Change) => void
  readonly all: () => readonly Change[]
  /** Changes that none here follows; without `except`, which a next change names by `prev`. */
  readonly frontier: (except?: Uint8Array) => Uint8Array[]
  /** Heads of the chains of some devices. */
  readonly chainHeads: (devices: readonly Uint8Array[]) => Uint8Array[]
  readonly order: ContentOrder
}

export const createContent = (): Content => {
  const changes = new Map<string, Change>()
  const reach = (
    heads: readonly Uint8Array[],
    next: (change: Change) => readonly Uint8Array[],
  ): ReadonlySet<string> => {
    const found = new Set<string>()
    const open = heads.map(toHex)
    for (let key = open.pop(); key !== undefined; key = open.pop()) {
      const change = changes.get(key)
      if (change === undefined || found.has(key)) continue
      found.add(key)
      open.push(...next(change).map(toHex))
    }
    return found
  }
  return {
    add: (change) => changes.set(toHex(change.hash), change),
    all: () => [...changes.values()],
    frontier: (except) => {
      const covered = new Set<string>(except === undefined ? [] : [toHex(except)])
      for (const { header } of changes.values()) {
        covered.add(toHex(header.prev))
        for (const head of header.deps.content) covered.add(toHex(head))
      }
      return sortHeads(
        [...changes.values()].filter(({ hash }) => !covered.has(toHex(hash))).map(({ hash }) => hash),
      ).slice(0, 64)
    },
    chainHeads: (devices) => {
      const names = new Set(devices.map(toHex))
      const own = [...changes.values()].filter(({ header }) => names.has(toHex(header.device)))
      const continued = new Set(own.map(({ header }) => toHex(header.prev)))
      return sortHeads(own.filter(({ hash }) => !continued.has(toHex(hash))).map(({ hash }) => hash))
    },
    order: {
      isInside: ({ hash }, heads) => heads.length > 0 && reach(heads, ({ header }) => [header.prev]).has(toHex(hash)),
      isSeen: ({ hash }, heads) =>
        heads.length > 0 && reach(heads, ({ header }) => [header.prev, ...header.deps.content]).has(toHex(hash)),
    },
  }
}
