import { toHex } from '../bytes/index.ts'

/** As much of a change as chains are made of. */
export type Link = { readonly hash: Uint8Array; readonly prev: Uint8Array; readonly seq: number }

/**
 * The heads of a chain: changes that no known change continues. More than one says that the chain forked, or that what
 * lies between two parts of it is not here yet. Sorted by hash.
 */
export function linksToHeads(links: Iterable<Link>): Uint8Array[] {
  const heads = new Map<string, Uint8Array>()
  const continued = new Set<string>()
  for (const link of links) {
    heads.set(toHex(link.hash), link.hash)
    continued.add(toHex(link.prev))
  }
  for (const key of continued) heads.delete(key)
  return [...heads.keys()].sort().map((key) => heads.get(key) as Uint8Array)
}

/** Changes that another one of the same chain shares its `prev` with: where a device's chain forked. */
export function linksToForks(links: Iterable<Link>): Uint8Array[] {
  const byPrev = new Map<string, Map<string, Uint8Array>>()
  for (const link of links) {
    const key = toHex(link.prev)
    const siblings = byPrev.get(key) ?? new Map<string, Uint8Array>()
    byPrev.set(key, siblings.set(toHex(link.hash), link.hash))
  }
  return [...byPrev.values()].filter((siblings) => siblings.size > 1).flatMap((siblings) => [...siblings.values()])
}
