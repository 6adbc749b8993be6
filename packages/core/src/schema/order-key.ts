import { generateKeyBetween } from 'fractional-indexing'
import { KithError } from '../bytes/index.ts'
import { orderKeyBytesMax } from '../limits/index.ts'

/** No key is below it: `fractional-indexing` refuses it because nothing could be put before. */
const smallestInteger = `A${'0'.repeat(26)}`
const digits = /^[A-Za-z][0-9A-Za-z]+$/

/**
 * Whether a text is a key that `fractional-indexing` can go on from. One that is not would make every later `between` next to it
 * fail at everybody's, so it is refused where it arrives.
 */
export const isOrderKey = (key: string): boolean => {
  if (key.length > orderKeyBytesMax || !digits.test(key) || key === smallestInteger) return false
  const head = key.charCodeAt(0)
  // The first letter says how long the integer part is: a…z from 2 to 27 characters upwards, Z…A the same downwards.
  const integerChars = head >= 97 ? head - 97 + 2 : 90 - head + 2
  if (key.length < integerChars) return false
  return key.length === integerChars || !key.endsWith('0')
}

/** The place before all others: before `head`, the first row's place now, or the first of all. */
export const first = (head?: string | null): string => placeBetween(null, head ?? null)

/** The place right behind the last row's; of a row in the middle, use `between`. */
export const after = (tail: string): string => placeBetween(tail, null)

/**
 * A place between two neighbours. Two devices may choose the same: then rows stand by their ids.
 *
 * @throws KithError `bad-value` for what is no place, or where `left` does not come before `right`.
 */
export const between = (left: string | null, right: string | null): string => placeBetween(left, right)

const placeBetween = (left: string | null, right: string | null): string => {
  for (const key of [left, right]) {
    if (key !== null && !isOrderKey(key))
      throw new KithError('bad-value', 'A place in an order is one made by first, after or between.')
  }
  // Rows that were put at the same place by two devices: nothing fits between their keys, behind both does.
  if (left !== null && left === right) return generateKeyBetween(left, null)
  if (left !== null && right !== null && left > right) {
    throw new KithError('bad-value', 'between takes the upper neighbour first: its place comes after the other one.')
  }
  return generateKeyBetween(left, right)
}
