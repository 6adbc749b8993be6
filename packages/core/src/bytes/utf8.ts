import { concatBytes } from './concat.ts'
import { KithError } from './error.ts'

const encoder = new TextEncoder()
// A byte order mark is a character like any other: dropping it would give two encodings to one text.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 of a text. Throws 'bad-value' for a lone surrogate, which has no UTF-8 and would silently become U+FFFD. */
export function utf8(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new KithError('bad-value', 'A text holds half of a surrogate pair. Remove that character.')
  }
  return encoder.encode(text)
}

/** The text of UTF-8 bytes. Throws 'bad-encoding' for anything that `utf8` would not write. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new KithError('bad-encoding', 'A text is not valid UTF-8.', {}, cause)
  }
}

/**
 * label ‖ 0x00 ‖ parts: what is hashed, signed or put into a key derivation. Labels are ASCII of the form
 * "kith/1 <purpose>" and hold no zero byte, so that no message of one purpose is one of another. The parts are only
 * joined: each caller gives all but the last a fixed length.
 */
export function labelled(label: string, ...parts: readonly Uint8Array[]): Uint8Array {
  return concatBytes(labelBytes(label), ...parts)
}

// Labels are a few dozen constants of the program, so that this never grows with input.
const labels = new Map<string, Uint8Array>()

function labelBytes(label: string): Uint8Array {
  let bytes = labels.get(label)
  if (bytes === undefined) {
    bytes = encoder.encode(`${label}\0`)
    labels.set(label, bytes)
  }
  return bytes
}
