import { assert, KithError } from '../bytes/index.ts'
import { clockAheadMsMax } from '../limits/index.ts'

/**
 * A hybrid logical clock's reading: milliseconds since 1970 (48 bits) and a counter (16 bits) that orders what falls in
 * the same millisecond or comes from a clock that stands still. It says what a device believed, and nothing is proved
 * by it: verdicts look at causal pasts.
 */
export type Time = { readonly ms: number; readonly counter: number }

export const timeZero: Time = { ms: 0, counter: 0 }

const msMax = 2 ** 48 - 1
const counterMax = 0xffff

export function compareTimes(a: Time, b: Time): number {
  return a.ms === b.ms ? a.counter - b.counter : a.ms - b.ms
}

/** The time of our next change: later than `last` and, as far as that allows, what the wall clock says. */
export function nextTime(last: Time, nowMs: number): Time {
  const ms = Math.floor(nowMs)
  const next =
    ms > last.ms
      ? { ms, counter: 0 }
      : last.counter < counterMax
        ? { ms: last.ms, counter: last.counter + 1 }
        : { ms: last.ms + 1, counter: 0 }
  assert(next.ms <= msMax, 'the clock is past the year 10889')
  return next
}

/**
 * Our clock after seeing a change of time `seen`. One that is too far ahead does not move it: that change waits, so
 * that one wrong clock cannot drag everybody's into the future.
 */
export function observeTime(last: Time, seen: Time, nowMs: number): Time {
  return isTimeAhead(seen, nowMs) || compareTimes(seen, last) <= 0 ? last : seen
}

/** Whether a change of this time must wait until our clock has come closer. */
export function isTimeAhead(time: Time, nowMs: number): boolean {
  return time.ms > nowMs + clockAheadMsMax
}

/** 8 bytes: 6 of milliseconds, 2 of counter, big-endian, so that bytes sort as times do. */
export function timeToBytes(time: Time): Uint8Array {
  const bytes = new Uint8Array(8)
  writeTime(time, bytes, 0)
  return bytes
}

export function bytesToTime(bytes: Uint8Array): Time {
  if (bytes.length !== 8) throw new KithError('bad-encoding', 'A time is 8 bytes.')
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
  return { ms: view.getUint32(0) * 0x10000 + view.getUint16(4), counter: view.getUint16(6) }
}

export function isTime(time: Time): boolean {
  return (
    Number.isSafeInteger(time.ms) &&
    time.ms >= 0 &&
    time.ms <= msMax &&
    Number.isInteger(time.counter) &&
    time.counter >= 0 &&
    time.counter <= counterMax
  )
}

/** Writes the 8 bytes into `target`. */
export function writeTime(time: Time, target: Uint8Array, offset: number): void {
  const high = Math.floor(time.ms / 0x10000)
  const low = time.ms % 0x10000
  target[offset] = high >>> 24
  target[offset + 1] = high >>> 16
  target[offset + 2] = high >>> 8
  target[offset + 3] = high
  target[offset + 4] = low >>> 8
  target[offset + 5] = low
  target[offset + 6] = time.counter >>> 8
  target[offset + 7] = time.counter
}
