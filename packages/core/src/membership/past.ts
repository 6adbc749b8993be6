/**
 * A causal past as bits, one for each whole change by its index on this replica. 10,000 changes take 1,250 bytes each:
 * little enough to keep one for every change and to join two in a microsecond.
 */
export type Past = { bits: Uint32Array }

export function createPast(size: number): Past {
  return { bits: new Uint32Array((size + 31) >>> 5) }
}

/** `past` must have been created for at least as many changes as `other` knows. */
export function joinPasts(past: Past, other: Past): void {
  const { bits } = past
  const theirs = other.bits
  for (let at = 0; at < theirs.length; at++) bits[at] = (bits[at] as number) | (theirs[at] as number)
}

export function addToPast(past: Past, index: number): void {
  const at = index >>> 5
  past.bits[at] = (past.bits[at] as number) | (1 << (index & 31))
}

export function isIndexInPast(past: Past, index: number): boolean {
  return (((past.bits[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1
}
