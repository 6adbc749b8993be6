/** What a check says: that something is not as the protocol has it, or that it cannot be tried at this hub. */
import { toHex } from '@kith/core/bytes'

/** The hub is not as the protocol says. */
export class Failed extends Error {}

/** The check cannot be tried here; the message says why. */
export class Skipped extends Error {}

export function expect(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Failed(otherwise)
}

/** Compares by what they show as: numbers, texts, bytes and lists of them. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [show(actual), show(expected)]
  expect(is === should, `${what}: ${shorten(is)} instead of ${shorten(should)}`)
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing')
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 120)}…` : text
}
