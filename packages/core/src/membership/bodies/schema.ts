import { encodeCbor } from '../../bytes/index.ts'
import { decodeBody } from '../../change/index.ts'
import { schemaRecordBytesMax } from '../../limits/index.ts'
import { toBytesUpTo } from './fields.ts'

/** Publishes a schema record (rule 7): opaque here, the schema layer's canonical bytes. */
export type SchemaBody = { readonly salt: Uint8Array; readonly record: Uint8Array }

/** CBOR [salt, record]. */
export function encodeSchema(body: SchemaBody): Uint8Array {
  return encodeCbor([body.salt, body.record])
}

export function decodeSchema(bytes: Uint8Array): SchemaBody {
  const [salt, record] = decodeBody(bytes, 1)
  return { salt, record: toBytesUpTo(record, schemaRecordBytesMax, 'schema record') }
}
