/** The words of a recovery phrase: apart from what derives from them, since most people never type any and the list of words is large. */
import { bytesToWords, wordsToBytes } from './words.ts'

const phraseWords = 12

/** Twelve lower-case words with a space between them. */
export function entropyToPhrase(entropy: Uint8Array): string {
  return bytesToWords(entropy)
}

/**
 * The entropy of a phrase as people type it: capitals, line breaks and numbers before the words do no harm.
 *
 * @throws KithError `bad-phrase`: which word is in no list, how many there are, or that the checksum does not fit.
 */
export function phraseToEntropy(text: string): Uint8Array {
  return wordsToBytes(text, phraseWords)
}
