/** Writes the little of Yjs' v1 encoding that Kith frames itself. */
import { concatBytes } from '../../bytes/index.ts'

export type ClockRange = { readonly client: number; readonly start: number; readonly end: number }

/** A variable-length integer, lowest 7 bits first: at most 8 bytes for a safe integer. */
export function encodeNumber(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 128) | 0x80)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
  return Uint8Array.from(bytes)
}

/** A Yjs v1 update of one client's structs (`body` holds `count` of them, encoded) and an empty delete set. */
export function frameStructs(client: number, clock: number, count: number, body: Uint8Array): Uint8Array {
  return concatBytes(
    Uint8Array.of(1),
    encodeNumber(count),
    encodeNumber(client),
    encodeNumber(clock),
    body,
    Uint8Array.of(0),
  )
}

/** A Yjs v1 update of deletions only; no bytes at all for none. Ranges may overlap and come in any order. */
export function encodeDeletes(ranges: readonly ClockRange[]): Uint8Array {
  const merged = mergeRanges(ranges)
  if (merged.length === 0) return new Uint8Array(0)
  const parts: Uint8Array[] = []
  let clients = 0
  for (let at = 0; at < merged.length; ) {
    const client = merged[at]!.client
    let end = at
    while (end < merged.length && merged[end]!.client === client) end += 1
    parts.push(encodeNumber(client), encodeNumber(end - at))
    for (; at < end; at += 1)
      parts.push(encodeNumber(merged[at]!.start), encodeNumber(merged[at]!.end - merged[at]!.start))
    clients += 1
  }
  return concatBytes(Uint8Array.of(0), encodeNumber(clients), ...parts)
}

/** The same clocks as the fewest ranges: clients descending (Yjs' own order), clocks ascending. */
export function mergeRanges(ranges: readonly ClockRange[]): ClockRange[] {
  const sorted = ranges.toSorted((left, right) => right.client - left.client || left.start - right.start)
  const merged: { client: number; start: number; end: number }[] = []
  for (const range of sorted) {
    const last = merged.at(-1)
    if (last !== undefined && last.client === range.client && range.start <= last.end)
      last.end = Math.max(last.end, range.end)
    else merged.push({ ...range })
  }
  return merged
}
