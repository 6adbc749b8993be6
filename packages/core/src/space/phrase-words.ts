export { entropyToPhrase, phraseToEntropy } from '../keys/index.ts'
