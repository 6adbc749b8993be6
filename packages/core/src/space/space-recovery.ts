import { equalBytes, KithError } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { entropyToRecovery } from '../keys/index.ts'
import { decodeGenesis, type GenesisBody, type RecoveryKeys } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import type { SpaceRecovery } from './api.ts'
import { phraseToEntropy } from './phrase.ts'
import type { Replica } from './replica.ts'

/** What a space is created with (membership rule 12); a phrase is turned into keys before anything is written. */
export type ChosenRecovery = 'creator' | 'none' | RecoveryKeys

/** @throws KithError `bad-phrase`, `bad-value`. */
export const chooseRecovery = async (crypto: Crypto, recovery: SpaceRecovery = 'creator'): Promise<ChosenRecovery> => {
  if (recovery === 'creator' || recovery === 'none') return recovery
  // Programs in plain JavaScript give what they like.
  const phrase: unknown = (recovery as { phrase?: unknown } | null)?.phrase
  if (typeof phrase !== 'string')
    throw new KithError(
      'bad-value',
      "recovery is 'creator', 'none' or { phrase }: twelve words, as newPhrase() gives them.",
    )
  const { signing, sealing } = entropyToRecovery(crypto, await phraseToEntropy(phrase))
  return { signing: signing.publicKey, sealing: sealing.publicKey }
}

/** As the genesis names them: the creator's stand in the person's own. */
export const toRecoveryKeys = (
  recovery: ChosenRecovery,
  personChanges: readonly Change[],
): RecoveryKeys | undefined => {
  if (recovery === 'none') return undefined
  if (recovery !== 'creator') return recovery
  return personChanges
    .filter(({ header }) => header.kind === kinds.genesis)
    .map(({ body }) => body && decodeGenesis(body))
    .find((body) => body?.type === 'person')?.recovery
}

/** The keys that can remove owners of a space, and of whom their phrase is, in words that go on after "phrase". */
export const spaceRecovery = (
  replica: Replica,
): { readonly keys: RecoveryKeys | undefined; readonly whose: string } => {
  const changes = replica.changes()
  const genesisOf = (id: Uint8Array): GenesisBody | undefined => {
    const body = changes.find(({ hash }) => equalBytes(hash, id))?.body
    return body && decodeGenesis(body)
  }
  const genesis = genesisOf(replica.entry.id)
  const creator = genesis?.type === 'space' ? genesisOf(genesis.person) : undefined
  const keys = genesis?.recovery
  const isCreators = keys && creator?.recovery && equalBytes(keys.signing, creator.recovery.signing)
  return { keys, whose: isCreators ? 'of whoever created the space' : 'that the space was created with' }
}
