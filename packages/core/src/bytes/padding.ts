/**
 * Padmé (Nikitin et al., Reducing Metadata Leakage from Encrypted Files, 2019): sizes keep as many leading bits as their
 * exponent has, so that only O(log log size) bits of a size show, at 12 % more bytes at most and 6 % from 256 bytes on.
 */
export function padme(size: number): number {
  const exponent = 31 - Math.clz32(size)
  const keptBits = 32 - Math.clz32(exponent)
  const step = 2 ** (exponent - keptBits)
  return Math.ceil(size / step) * step
}
