/**
 * Whether two byte strings are equal, in time that depends on their lengths only: safe for secrets, MACs and
 * commitments. Lengths are public everywhere in Kith.
 */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false
  let difference = 0
  for (let at = 0; at < left.length; at += 1) difference |= left[at]! ^ right[at]!
  return difference === 0
}

/** The order of `memcmp` and of SQLite's blobs: negative, zero or positive. A prefix sorts before what it begins. */
export function compareBytes(left: Uint8Array, right: Uint8Array): number {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at += 1) {
    const difference = left[at]! - right[at]!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
