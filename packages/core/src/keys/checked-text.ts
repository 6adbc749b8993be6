/** Bytes that people carry as text (links, cards): base64url of the bytes and four of their hash, so that what was cut off or mistyped is known as such. */
import { concatBytes, equalBytes, fromBase64Url, ifUsable, labelled, toBase64Url } from '../bytes/index.ts'
import type { Hashing } from '../ports/index.ts'

const checksumBytes = 4

/** How one sort of text begins, and the label of its checksum. */
export type TextKind = { readonly prefix: string; readonly label: string }

export function bytesToCheckedText(crypto: Hashing, { prefix, label }: TextKind, bytes: Uint8Array): string {
  return prefix + toBase64Url(concatBytes(bytes, checksum(crypto, label, bytes)))
}

/** Finds the last such text, also as the fragment of a web address and with space around it. Undefined for what is not whole. */
export function checkedTextToBytes(crypto: Hashing, { prefix, label }: TextKind, text: string): Uint8Array | undefined {
  const at = text.lastIndexOf(prefix)
  const all = at < 0 ? undefined : ifUsable(() => fromBase64Url(text.slice(at + prefix.length).trim()))
  if (all === undefined || all.length <= checksumBytes) return undefined
  const bytes = all.subarray(0, -checksumBytes)
  return equalBytes(all.subarray(bytes.length), checksum(crypto, label, bytes)) ? bytes : undefined
}

function checksum(crypto: Hashing, label: string, bytes: Uint8Array): Uint8Array {
  return crypto.sha256(labelled(label, bytes)).subarray(0, checksumBytes)
}
