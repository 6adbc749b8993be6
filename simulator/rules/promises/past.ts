import { toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import { decodeMembershipBody } from '@kith/core/membership'
import type { Scene } from '../scene/scene.ts'

/** What there is to walk along: all of the scene, or what one device has. */
type Here = { readonly byKey: ReadonlyMap<string, Change> }

/** The causal past on membership. */
export const pastOf = (scene: Scene, change: Change): Set<string> => {
  const found = new Set<string>()
  const open = references(change)
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const at = scene.byKey.get(key)
    if (!at || found.has(key)) continue
    found.add(key)
    open.push(...references(at))
  }
  return found
}

export const references = ({ header, body }: Change): string[] => {
  const decoded = header.kind === kinds.merge && body ? decodeMembershipBody(kinds.merge, body) : undefined
  const merged = decoded?.kind === 'merge' ? decoded.body.heads : []
  const { deps, grant, admission, epoch, schema } = header
  return [...deps.membership, ...merged, ...[grant, admission, epoch, schema].filter(({ length }) => length > 0)].map(
    toHex,
  )
}

/** Hashes of heads and all that lies below them by `prev`. */
export const chainBelow = ({ byKey }: Here, heads: readonly Uint8Array[]): ReadonlySet<string> => {
  const found = new Set<string>()
  for (const head of heads) {
    let at = byKey.get(toHex(head))
    while (at && !found.has(toHex(at.hash))) {
      found.add(toHex(at.hash))
      at = byKey.get(toHex(at.header.prev))
    }
  }
  return found
}

export const contentSeen = ({ byKey }: Here, removal: Change, past: ReadonlySet<string>): Set<string> => {
  const found = new Set<string>()
  const open = [removal, ...[...past].flatMap((key) => byKey.get(key) ?? [])].flatMap(({ header }) =>
    header.deps.content.map(toHex),
  )
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const at = byKey.get(key)
    if (!at || found.has(key)) continue
    found.add(key)
    open.push(...[at.header.prev, ...at.header.deps.content].filter(({ length }) => length > 0).map(toHex))
  }
  return found
}
