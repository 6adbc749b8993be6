import { assert, equalBytes, KithError } from '../../bytes/index.ts'
import {
  checkJoined,
  entropyToPhrase,
  type JoinableParts,
  phraseToEntropy,
  readParts,
  sharesToParts,
} from '../../keys/index.ts'
import { phrasePartsMax } from '../../limits/index.ts'
import type { Platform, SecretSharing } from '../../ports/index.ts'
import type { PeopleApi, SplitOptions } from './api.ts'

export type Phrases = Pick<PeopleApi, 'newPhrase' | 'splitPhrase' | 'joinPhrase'>

/** Phrases that no device keeps: those of spaces, and their parts. */
export const createPhrases = ({ crypto, secretSharing }: Platform): Phrases => {
  const sharing = (): SecretSharing => {
    if (secretSharing) return secretSharing
    throw new KithError(
      'not-supported',
      'This platform has no secret sharing. Split and join phrases on a device with Node or in a browser.',
    )
  }
  const join = async (parts: JoinableParts): Promise<Uint8Array> => {
    const entropy = await sharing().join(parts.shares)
    checkJoined(crypto, parts, entropy)
    return entropy
  }

  return {
    newPhrase: async () => entropyToPhrase(crypto.randomBytes(16)),
    splitPhrase: async (phrase, options) => {
      const { parts: count, needed } = checkOptions(options)
      const entropy = phraseToEntropy(checkText(phrase, 'A phrase is a text of twelve words.'))
      const shares = await sharing().split(entropy, count, needed)
      const parts = sharesToParts(crypto, entropy, shares, needed)
      // Years may pass before somebody notices what is wrong with them; the last are tried, as all are made alike.
      const again = await join(readParts(crypto, parts.slice(-needed)))
      assert(parts.length === count && equalBytes(again, entropy), 'the parts of a phrase give it back')
      return parts
    },
    joinPhrase: async (parts) => {
      if (!Array.isArray(parts))
        throw new KithError('bad-value', 'joinPhrase takes a list of texts, one for each part.')
      const texts = parts.map((part: unknown) => checkText(part, 'A part of a phrase is a text of 21 words.'))
      return entropyToPhrase(await join(readParts(crypto, texts)))
    },
  }
}

const checkOptions = (options: Partial<SplitOptions> = {}): SplitOptions => {
  const { parts = 0, needed = 0 } = options
  const isWhole = Number.isInteger(parts) && Number.isInteger(needed)
  if (isWhole && needed >= 2 && needed <= parts && parts <= phrasePartsMax) return { parts, needed }
  throw new KithError(
    'bad-value',
    `A phrase is split into at most ${phrasePartsMax} parts, of which at least 2 are needed: splitPhrase(phrase, { parts: 3, needed: 2 }).`,
  )
}

const checkText = (text: unknown, what: string): string => {
  if (typeof text === 'string') return text
  throw new KithError('bad-value', what)
}
