/** Phrases and the entropy that they stand for. The list of words is loaded by who first types or shows one: most people never do. */
const words = async () => import('./phrase-words.ts')

/** @throws KithError `bad-phrase`. */
export const phraseToEntropy = async (phrase: string): Promise<Uint8Array> => (await words()).phraseToEntropy(phrase)

export const entropyToPhrase = async (entropy: Uint8Array): Promise<string> => (await words()).entropyToPhrase(entropy)
