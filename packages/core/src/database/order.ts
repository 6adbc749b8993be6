import { compareBytes } from '../bytes/index.ts'
import type { History } from './history.ts'

/** Where a write stands in the total order of writes: (time, device, change hash, op index). */
export type Stamp = { readonly time: Uint8Array; readonly change: number; readonly op: number }

/**
 * Compares two writes by the total order. Device and hash are looked up only when two devices (or two branches of one)
 * wrote in the same millisecond with the same counter.
 */
export const compareStamps = (history: History, left: Stamp, right: Stamp): number => {
  const byTime = compareBytes(left.time, right.time)
  if (byTime !== 0) return byTime
  if (left.change === right.change) return left.op - right.op
  const byDevice = compareBytes(history.chainOf(left.change).device, history.chainOf(right.change).device)
  if (byDevice !== 0) return byDevice
  const byHash = compareBytes(history.change(left.change).hash, history.change(right.change).hash)
  return byHash !== 0 ? byHash : left.op - right.op
}
