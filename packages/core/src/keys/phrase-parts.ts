/**
 * Parts of a recovery phrase for several people to keep, of which a number makes it whole (membership rule 12, k of n). A part is 28 bytes as 21 words
 * of BIP-39's English list, so that it is never taken for a phrase of twelve:
 *
 *     version, needed − 1 (4 bits each) ‖ set (3, random) ‖ check (4) ‖ share (17: 16 of Shamir's, and its place) ‖ checksum (3)
 *
 * The checksum finds slips in one part; the check, a hash of set and entropy, whether what was joined is what was split.
 */
import { assert, concatBytes, equalBytes, KithError, labelled, toHex } from '../bytes/index.ts'
import { phrasePartsMax, wordsCharsMax } from '../limits/index.ts'
import type { Crypto, Hashing } from '../ports/index.ts'
import { bytesToWords, wordsToBytes } from './words.ts'

const version = 1
const partWords = 21
const setBytes = 3
const checkBytes = 4
const checksumBytes = 3
const shareBytes = 17
/** Where each begins: all before the share is the same in all parts of a set. */
const setAt = 1
const checkAt = setAt + setBytes
const shareAt = checkAt + checkBytes
const checksumAt = shareAt + shareBytes

/** Enough parts of one set. */
export type JoinableParts = {
  readonly set: Uint8Array
  readonly check: Uint8Array
  /** As many as are needed, all different. */
  readonly shares: readonly Uint8Array[]
}

/** The shares of `entropy` (16 bytes), of which `needed` give it back, as texts. */
export function sharesToParts(
  crypto: Crypto,
  entropy: Uint8Array,
  shares: readonly Uint8Array[],
  needed: number,
): string[] {
  const set = crypto.randomBytes(setBytes)
  const head = concatBytes(Uint8Array.of((version << 4) | (needed - 1)), set, checkOf(crypto, set, entropy))
  return shares.map((share) => {
    assert(share.length === shareBytes, 'a share of a phrase has 17 bytes')
    const bytes = concatBytes(head, share)
    return bytesToWords(concatBytes(bytes, checksumOf(crypto, bytes)))
  })
}

/**
 * Reads parts as people type them, in any order.
 *
 * @throws KithError `bad-part`: `details.part` is the first (from 1) that is wrong, of another set, or the same as one before; `details.missing` how many
 * are still needed beside those that are right, if that is known. `protocol-version`.
 */
export function readParts(crypto: Hashing, texts: readonly string[]): JoinableParts {
  if (texts.length === 0)
    throw new KithError('bad-part', 'There are no parts. Type the first: it says how many are needed.')
  if (texts.length > phrasePartsMax)
    throw new KithError('bad-part', `No phrase has more than ${phrasePartsMax} parts; these are ${texts.length}.`)
  const read = texts.map((text, at) => readPart(crypto, text, at + 1))
  const parts = read.filter((part): part is Part => !(part instanceof KithError))
  const set = largestSet(parts)
  const places = new Set(set.map(({ place }) => place))
  const needed = set[0]?.needed
  const missing = needed === undefined ? undefined : Math.max(0, needed - places.size)

  const seen = new Map<number, number>()
  for (const [at, part] of read.entries()) {
    const number = at + 1
    if (part instanceof KithError) {
      if (part.code !== 'bad-part') throw part
      throw badPart(`Part ${number}: ${part.message}`, missing, { ...part.details, part: number })
    }
    if (part.head !== set[0]?.head)
      throw badPart(
        `Part ${number} is of another phrase than the others, or of another time that it was split. Leave it out.`,
        missing,
        { part: number },
      )
    const before = seen.get(part.place)
    if (before !== undefined)
      throw badPart(`Part ${number} is the same as part ${before}. Leave it out.`, missing, { part: number })
    seen.set(part.place, number)
  }
  const [first] = set
  assert(first !== undefined && missing !== undefined, 'a part was read')
  if (missing > 0) throw badPart('These parts are right, but not enough.', missing)
  return { set: first.set, check: first.check, shares: set.slice(0, first.needed).map(({ share }) => share) }
}

/** Whether `entropy` is what was split. @throws KithError `bad-part`. */
export function checkJoined(crypto: Hashing, { set, check }: JoinableParts, entropy: Uint8Array): void {
  if (equalBytes(check, checkOf(crypto, set, entropy))) return
  throw new KithError(
    'bad-part',
    'Each part is whole, but together they do not give the phrase that was split: somebody has made one of them up. Try others.',
  )
}

type Part = Pick<JoinableParts, 'set' | 'check'> & {
  /** Version, needed, set and check: the same in all parts of a set. */
  readonly head: string
  readonly needed: number
  /** 1 to 255: which share it is. */
  readonly place: number
  readonly share: Uint8Array
}

/** An error is given back, so that all other parts are read before one is complained of. */
function readPart(crypto: Hashing, text: string, number: number): Part | KithError {
  try {
    if (text.length > wordsCharsMax) return new KithError('bad-part', `That is far longer than ${partWords} words.`)
    const bytes = wordsToBytes(text, partWords)
    const isWhole = equalBytes(bytes.subarray(checksumAt), checksumOf(crypto, bytes.subarray(0, checksumAt)))
    if (!isWhole) return slip
    const [first = 0] = bytes
    if (first >> 4 !== version)
      return new KithError('protocol-version', `A newer version of Kith made part ${number}. Update this program.`, {
        part: number,
      })
    const needed = (first & 15) + 1
    const place = bytes[checksumAt - 1] as number
    // No part of ours says so: somebody made it up.
    if (needed < 2 || place === 0) return slip
    return {
      head: toHex(bytes.subarray(0, shareAt)),
      set: bytes.slice(setAt, checkAt),
      check: bytes.slice(checkAt, shareAt),
      share: bytes.slice(shareAt, checksumAt),
      needed,
      place,
    }
  } catch (cause) {
    if (cause instanceof KithError) return new KithError('bad-part', cause.message, cause.details)
    throw cause
  }
}

const slip = new KithError(
  'bad-part',
  'Each word is one of the list, but they are no part of a phrase. Look at what you wrote down, and type it again.',
)

/** The set that most of the parts are of; of several as large, that of the first part. */
function largestSet(parts: readonly Part[]): Part[] {
  const sets = new Map<string, Map<number, Part>>()
  for (const part of parts) {
    const set = sets.get(part.head) ?? new Map<number, Part>()
    if (!set.has(part.place)) set.set(part.place, part)
    sets.set(part.head, set)
  }
  const [largest] = [...sets.values()].sort((one, other) => other.size - one.size)
  return largest ? [...largest.values()] : []
}

function checkOf(crypto: Hashing, set: Uint8Array, entropy: Uint8Array): Uint8Array {
  return crypto.sha256(labelled('kith/1 phrase check', set, entropy)).subarray(0, checkBytes)
}

function checksumOf(crypto: Hashing, bytes: Uint8Array): Uint8Array {
  return crypto.sha256(labelled('kith/1 phrase part', bytes)).subarray(0, checksumBytes)
}

function badPart(
  what: string,
  missing: number | undefined,
  details: Record<string, string | number | boolean> = {},
): KithError {
  if (missing === undefined) return new KithError('bad-part', what, details)
  const rest = missing === 0 ? 'The others are enough.' : `${missing} more ${missing === 1 ? 'is' : 'are'} needed.`
  return new KithError('bad-part', `${what} ${rest}`, { ...details, missing })
}
