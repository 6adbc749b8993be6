import { toHex } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { decodeMerge } from '../membership/index.ts'

/** Hashes (in hexadecimal) of all that a membership change rests on, itself left out. */
export const pastOf = (hash: Uint8Array, byHash: ReadonlyMap<string, Change>): ReadonlySet<string> => {
  const past = new Set<string>()
  const open = [toHex(hash)]
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    const change = byHash.get(key)
    if (change === undefined) continue
    const { deps, grant, admission } = change.header
    const merged = change.header.kind === kinds.merge && change.body ? decodeMerge(change.body).heads : []
    for (const named of [...deps.membership, grant, admission, ...merged]) {
      const name = toHex(named)
      if (name === '' || past.has(name)) continue
      past.add(name)
      open.push(name)
    }
  }
  return past
}
