import type { Compression, Crypto } from '../../packages/core/src/ports/index.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** What a section may use. Nothing random: `crypto.randomBytes` of the writer counts upwards. */
export type VectorTools = { readonly crypto: Crypto; readonly compression: Compression }

/** One file of vectors. */
export type Section = {
  /** The file is `vectors/<name>.json`. */
  readonly name: string
  readonly make: (tools: VectorTools) => Json
  /** Throws unless `vectors` (as parsed from the file) hold with these tools. Called with each platform's. */
  readonly check: (vectors: never, tools: VectorTools) => void
}
