import { encodeCbor } from '../../bytes/index.ts'
import { decodeBody, toHeads } from '../../change/index.ts'
import { cutHeadsMax, schemaRecordBytesMax } from '../../limits/index.ts'
import { toBytesUpTo } from './fields.ts'

/** Publishes a schema record (rule 7): opaque here, the schema layer's canonical bytes. */
export type SchemaBody = {
  readonly salt: Uint8Array
  readonly record: Uint8Array
  /**
   * Content heads accepted under the older records, where this one takes rights away: content beyond them is judged by this
   * record too, whether its author had seen it or not. Undefined: only who has seen it is judged by it. Ascending.
   */
  readonly cut: readonly Uint8Array[] | undefined
}

/** CBOR [salt, record, null | [cut]]. */
export function encodeSchema(body: Omit<SchemaBody, 'cut'> & Partial<Pick<SchemaBody, 'cut'>>): Uint8Array {
  return encodeCbor([body.salt, body.record, body.cut ?? null])
}

export function decodeSchema(bytes: Uint8Array): SchemaBody {
  const [salt, record, cut] = decodeBody(bytes, 2)
  return {
    salt,
    record: toBytesUpTo(record, schemaRecordBytesMax, 'schema record'),
    cut: cut === null ? undefined : toHeads(cut, 'cut', cutHeadsMax),
  }
}
