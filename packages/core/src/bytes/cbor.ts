/**
 * Deterministic CBOR (RFC 8949 §4.2.1) of the one subset that Kith uses: null, booleans, safe integers, finite floats,
 * texts, byte strings and arrays. One value has exactly one encoding, so that hashes and signatures agree everywhere.
 *
 * Written here and not taken from cborg (with which the tests compare it): cborg 6.1.5 writes small half-precision floats too wide, and
 * reads invalid UTF-8, lost byte order marks, floats of any width and any depth. A third of its time a value, too.
 */
export type CborValue = null | boolean | number | string | Uint8Array | readonly CborValue[]

/** No structure of ours is deeper than 13; the rest is room for later kinds of change. */
export const cborDepthMax = 16

export { decodeCbor, decodeCborPrefix } from './decode-cbor.ts'
export { encodeCbor } from './encode-cbor.ts'
