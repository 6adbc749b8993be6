import { encodeCbor, utf8 } from '../../bytes/index.ts'
import { decodeBody } from '../../change/index.ts'
import { shortTextBytesMax } from '../../limits/index.ts'
import { badField, toText } from './fields.ts'

/** How a reader is called in a space: readers write no content, where all others say it. No picture, for newcomers load all of a space's membership first. */
export type ProfileBody = { readonly salt: Uint8Array; readonly name: string }

/** CBOR [salt, name]. */
export function encodeProfile({ salt, name }: ProfileBody): Uint8Array {
  return encodeCbor([salt, name])
}

export function decodeProfile(bytes: Uint8Array): ProfileBody {
  const [salt, field] = decodeBody(bytes, 1)
  const name = toText(field, shortTextBytesMax, 'name')
  if (utf8(name).length > shortTextBytesMax) throw badField('name')
  return { salt, name }
}
