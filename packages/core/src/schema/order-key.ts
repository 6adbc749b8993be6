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
