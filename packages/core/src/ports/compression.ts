/** Raw DEFLATE (RFC 1951). Two platforms need not give the same bytes; each must read the other's. */
export type Compression = {
  readonly deflate: (bytes: Uint8Array) => Uint8Array
  /** The same on another thread, where the platform has one at hand. The bytes are not changed meanwhile. */
  readonly deflateApart?: (bytes: Uint8Array) => Promise<Uint8Array>
  /** Throws when the output would pass `unpackedBytesMax` (before it is all in memory) or the input is damaged. */
  readonly inflate: (bytes: Uint8Array, unpackedBytesMax: number) => Uint8Array
}
