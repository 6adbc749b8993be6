import { encodeCbor } from '../../bytes/index.ts'
import { decodeBody } from '../../change/index.ts'
import { badField } from './fields.ts'

/** The oldest version of the app that may write in the space; 0 for any. It asks honest apps: no verdict hangs on it. */
export type MinimumBody = { readonly salt: Uint8Array; readonly version: number }

/** CBOR [salt, version]. */
export function encodeMinimum({ salt, version }: MinimumBody): Uint8Array {
  return encodeCbor([salt, version])
}

export function decodeMinimum(bytes: Uint8Array): MinimumBody {
  const [salt, version] = decodeBody(bytes, 1)
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 0) throw badField('version')
  return { salt, version }
}
