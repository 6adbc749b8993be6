/**
 * A causal past as bits, one for each whole change by its index on this replica. 10,000 changes take 1,250 bytes each:
 * little enough to keep one for every change and to join two in a microsecond. It grows when more is added.
 */
export type Past = { bits: Uint32Array }

export function createPast(size: number): Past {
  return { bits: new Uint32Array((size + 31) >>> 5) }
}

export function joinPasts(past: Past, other: Past): void {
  const theirs = other.bits
  makeRoom(past, theirs.length)
  const { bits } = past
  for (let at = 0; at < theirs.length; at++) bits[at] = (bits[at] as number) | (theirs[at] as number)
}

/** What lies in the past of any of these. */
export function pastOfAny(nodes: readonly { readonly past: Past }[]): Past {
  const joined = createPast(0)
  for (const { past } of nodes) joinPasts(joined, past)
  return joined
}

export function addToPast(past: Past, index: number): void {
  const at = index >>> 5
  makeRoom(past, at + 1)
  past.bits[at] = (past.bits[at] as number) | (1 << (index & 31))
}

function makeRoom(past: Past, words: number): void {
  if (past.bits.length >= words) return
  const grown = new Uint32Array(Math.max(words, past.bits.length * 2))
  grown.set(past.bits)
  past.bits = grown
}

/** Whether `past` has all of `some`, or all of it that lies in `within` too: 32 changes at each look. */
export function hasAll(past: Past, some: Past, within?: Past): boolean {
  for (let at = 0; at < some.bits.length; at++) {
    const asked = (some.bits[at] as number) & (within === undefined ? -1 : (within.bits[at] ?? 0))
    if ((asked & ~(past.bits[at] ?? 0)) !== 0) return false
  }
  return true
}

export function isIndexInPast(past: Past, index: number): boolean {
  return (((past.bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1
}
