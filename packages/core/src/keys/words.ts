/** Bytes as words of BIP-39's English list, which people write down and type: 11 bits a word, the last bits of them a checksum. */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { KithError } from '../bytes/index.ts'
import { wordsCharsMax } from '../limits/index.ts'

/** 16, 20, 24, 28 or 32 bytes as 12, 15, 18, 21 or 24 lower-case words with a space between them. */
export function bytesToWords(bytes: Uint8Array): string {
  return entropyToMnemonic(bytes, wordlist)
}

/**
 * The bytes of `count` words as people type them: capitals, line breaks and numbers before the words do no harm.
 *
 * @throws KithError `bad-phrase`: which word is in no list, how many there are, or that the checksum does not fit.
 */
export function wordsToBytes(text: string, count: number): Uint8Array {
  if (text.length > wordsCharsMax) throw badWords(`That is far longer than ${count} words.`)
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .split(/[^a-z]+/)
    .filter((word) => word !== '')
  words.forEach((word, at) => {
    if (wordlist.includes(word)) return
    const near = nearest(word)
    const hint = near.length === 0 ? '' : ` Did you mean ${near.map((one) => `“${one}”`).join(' or ')}?`
    throw badWords(`Word ${at + 1}, “${word}”, is not one of the list.${hint}`, { word: at + 1 })
  })
  if (words.length !== count)
    throw badWords(`There are ${count} words to type; these are ${words.length}.`, { words: words.length })
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch {
    // Every word is one of the list: what is left to be wrong is the checksum.
    throw badWords('Each word is one of the list, but they do not fit together: one is wrong, or two are swapped.')
  }
}

const nearMax = 3

/** Words that one letter more, less, other or swapped makes of it. */
function nearest(word: string): string[] {
  return wordlist.filter((other) => isNear(word, other)).slice(0, nearMax)
}

function isNear(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > 1) return false
  let from = 0
  while (from < one.length && one[from] === other[from]) from += 1
  let tail = 0
  const most = Math.min(one.length, other.length) - from
  while (tail < most && one[one.length - 1 - tail] === other[other.length - 1 - tail]) tail += 1
  const left = one.slice(from, one.length - tail)
  const right = other.slice(from, other.length - tail)
  const isSwap = left.length === 2 && left[0] === right[1] && left[1] === right[0]
  return isSwap || (left.length <= 1 && right.length <= 1)
}

function badWords(what: string, details: Record<string, number> = {}): KithError {
  return new KithError('bad-phrase', `${what} Look at what you wrote down, and type it again.`, details)
}
