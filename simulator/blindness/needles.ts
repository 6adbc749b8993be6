/** Finds many strings at once in bytes, in each form in which a program may have kept them. */
import { utf8 } from '@kith/core/bytes'

export type Needle = { readonly name: string; readonly bytes: Uint8Array }

export type Form = 'raw' | 'hex' | 'base64' | 'UTF-16'

export type Finding = { readonly name: string; readonly form: Form }

export type Finder = {
  /** What is in these bytes; each once. */
  readonly find: (bytes: Uint8Array) => Finding[]
  /** Whoever reads a file piece by piece lets pieces overlap by so much. */
  readonly longestBytes: number
}

type Pattern = Finding & { readonly bytes: Uint8Array }

/** Shorter ones would be found by chance. */
const patternBytesMin = 8

/** A hash of a pattern's first four bytes chooses a bit: most places in a file are passed over by one look. */
const sieveBits = 22

/** @throws Error for a needle that is too short. */
export const createFinder = (needles: readonly Needle[]): Finder => {
  const patterns = needles.flatMap(toPatterns)
  const byStart = new Map<number, Pattern[]>()
  const sieve = new Uint8Array(1 << (sieveBits - 3))
  for (const pattern of patterns) {
    if (pattern.bytes.length < patternBytesMin) throw new Error(`${pattern.name} is too short to be looked for.`)
    const start = wordAt(pattern.bytes, 0)
    byStart.set(start, [...(byStart.get(start) ?? []), pattern])
    const bit = toBit(start)
    sieve[bit >>> 3] = (sieve[bit >>> 3] as number) | (1 << (bit & 7))
  }
  return {
    longestBytes: Math.max(0, ...patterns.map(({ bytes }) => bytes.length)),
    find: (bytes) => {
      const found = new Map<string, Finding>()
      const end = bytes.length - 3
      for (let at = 0; at < end; at += 1) {
        const word = wordAt(bytes, at)
        const bit = toBit(word)
        if (((sieve[bit >>> 3] as number) & (1 << (bit & 7))) === 0) continue
        for (const { name, form, bytes: pattern } of byStart.get(word) ?? [])
          if (isAt(bytes, at, pattern)) found.set(`${name}/${form}`, { name, form })
      }
      return [...found.values()]
    },
  }
}

const toPatterns = ({ name, bytes }: Needle): Pattern[] => {
  const hex = Buffer.from(bytes).toString('hex')
  const text = new TextDecoder('utf-8', { fatal: false }).decode(bytes)
  const isText = Buffer.from(text).equals(bytes)
  const wide = Buffer.from(text, 'utf16le')
  return [
    { name, form: 'raw', bytes },
    { name, form: 'hex', bytes: utf8(hex) },
    { name, form: 'hex', bytes: utf8(hex.toUpperCase()) },
    ...[0, 1, 2].flatMap((offset) =>
      toBase64Parts(bytes, offset).map((part) => ({ name, form: 'base64', bytes: utf8(part) }) as const),
    ),
    ...(isText
      ? ([
          { name, form: 'UTF-16', bytes: wide },
          { name, form: 'UTF-16', bytes: Buffer.from(wide).swap16() },
        ] as const)
      : []),
  ]
}

/** The characters that come of these bytes alone where `offset` others stand before them: in the common alphabet and in that of URLs. */
const toBase64Parts = (bytes: Uint8Array, offset: number): string[] => {
  const text = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64')
  const part = text.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
  return [...new Set([part, part.replaceAll('+', '-').replaceAll('/', '_')])]
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)) >>>
  0

const toBit = (word: number): number => Math.imul(word, 0x9e3779b1) >>> (32 - sieveBits)

const isAt = (bytes: Uint8Array, at: number, pattern: Uint8Array): boolean => {
  if (at + pattern.length > bytes.length) return false
  for (let i = 0; i < pattern.length; i += 1) if (bytes[at + i] !== pattern[i]) return false
  return true
}
