/**
 * Ways back: what an epoch's record says about those before it (membership rule 13), so that whoever joins now can read what was
 * written then. Each link has two parts. The way to the log and its membership is sealed under the newer epoch's *membership* key,
 * the older content key under its *content* key: both follow from the read secret, and both are what a link itself gives. So links
 * form a chain that whoever knows the newest epoch can follow to the beginning, and where one withholds the content key, nothing
 * before it can be read either.
 */
import {
  compareBytes,
  concatBytes,
  decodeCbor,
  encodeCbor,
  equalBytes,
  ifUsable,
  isList,
  KithError,
} from '../bytes/index.ts'
import type { EpochBody } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { bytesToPolicy, policyToBytes } from '../wire/index.ts'
import { type EpochKeys, type LogKeys, readSecretToBaseKeys } from './epoch-keys.ts'
import { type EpochSecrets, openUnder, sealUnder } from './secrets.ts'

/** What can be done with an epoch that one knows by a link alone: reading. */
export type LinkedKeys = {
  /** Undefined: the history is hidden from joiners. */
  readonly content: Uint8Array | undefined
  readonly membership: Uint8Array
  readonly log: LogKeys
  /** Its keys follow from the read secret, which no link gives. */
  readonly door: undefined
}

export type LinkedEpoch = { readonly hash: Uint8Array; readonly keys: LinkedKeys }

type Linkable = {
  readonly hash: Uint8Array
  readonly keys: Pick<EpochKeys, 'membership' | 'log'> & { readonly content: Uint8Array | undefined }
}

/** Links from an epoch that is being made, of which these are the secrets, to older ones. `isHidden`: joiners shall not read what was written so far. */
export function createLinks(
  crypto: Crypto,
  space: Uint8Array,
  secrets: EpochSecrets,
  older: readonly Linkable[],
  isHidden = false,
): EpochBody['links'] {
  const { content, membership } = readSecretToBaseKeys(crypto, secrets.read)
  return older
    .flatMap(({ hash, keys }) => {
      if (keys.log.read === undefined) return []
      const context = concatBytes(space, hash)
      const way = encodeCbor([policyToBytes(keys.log.policy), keys.log.read.seed, keys.membership])
      const shown = isHidden ? undefined : keys.content
      const parts = [
        sealUnder(crypto, membership, wayLabel, context, way),
        shown ? sealUnder(crypto, content, contentLabel, context, shown) : new Uint8Array(0),
      ]
      return [{ epoch: hash, sealed: encodeCbor(parts) }]
    })
    .sort((left, right) => compareBytes(left.epoch, right.epoch))
}

/** Opens the links of an epoch's record. What its starter sealed wrongly is left out: it shows no more than no link would. */
export function openLinks(
  crypto: Crypto,
  space: Uint8Array,
  keys: { readonly membership: Uint8Array; readonly content: Uint8Array | undefined },
  links: EpochBody['links'],
): LinkedEpoch[] {
  return links.flatMap(({ epoch, sealed }) => {
    const opened = ifUsable(() => openLink(crypto, concatBytes(space, epoch), keys, sealed))
    return opened === undefined ? [] : [{ hash: epoch, keys: opened }]
  })
}

function openLink(
  crypto: Crypto,
  context: Uint8Array,
  keys: { readonly membership: Uint8Array; readonly content: Uint8Array | undefined },
  sealed: Uint8Array,
): LinkedKeys {
  const parts = decodeCbor(sealed)
  if (!isList(parts) || parts.length !== 2) throw badLink()
  const [sealedWay, sealedContent] = parts
  if (!(sealedWay instanceof Uint8Array) || !(sealedContent instanceof Uint8Array)) throw badLink()
  const way = decodeCbor(openUnder(crypto, keys.membership, wayLabel, context, sealedWay))
  if (!isList(way) || way.length !== 3) throw badLink()
  const [policyBytes, seed, membership] = way
  if (!(policyBytes instanceof Uint8Array) || !isKey(seed) || !isKey(membership)) throw badLink()
  const policy = bytesToPolicy(policyBytes)
  if (!(policy.read instanceof Uint8Array) || !equalBytes(policy.read, crypto.ed25519PublicKey(seed))) throw badLink()
  const isShown = sealedContent.length > 0 && keys.content !== undefined
  const content = isShown ? openUnder(crypto, keys.content, contentLabel, context, sealedContent) : undefined
  if (content !== undefined && !isKey(content)) throw badLink()
  return { content, membership, log: { policy, read: { seed }, write: undefined, admin: undefined }, door: undefined }
}

const wayLabel = 'kith/1 epoch link'
const contentLabel = 'kith/1 epoch link content'

function isKey(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32
}

function badLink(): KithError {
  return new KithError('bad-encoding', 'A link to an older epoch is malformed.')
}
