/** IEEE 754 half precision (1 sign, 5 exponent and 10 fraction bits), which JavaScript engines have only lately. */

/** The number of 16 bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/** The 16 bits of the same finite number as these 32 bits of single precision, undefined where there are none. */
export function singleToHalf(bits: number): number | undefined {
  const sign = (bits >>> 16) & 0x8000
  const exponent = ((bits >>> 23) & 0xff) - 127
  const fraction = bits & 0x7f_ffff
  if (exponent >= -14 && exponent <= 15) {
    return (fraction & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (fraction >> 13) : undefined
  }
  if (exponent < -24 || exponent > 15) return undefined
  // Below 2^-14 a half has no hidden bit: its fraction counts steps of 2^-24.
  const whole = fraction | 0x80_0000
  const shift = -1 - exponent
  return (whole & ((1 << shift) - 1)) === 0 ? sign | (whole >> shift) : undefined
}
