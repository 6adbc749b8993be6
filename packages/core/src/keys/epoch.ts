import {
  assert,
  type CborValue,
  concatBytes,
  decodeCbor,
  encodeCbor,
  equalBytes,
  ifUsable,
  isList,
  KithError,
} from '../bytes/index.ts'
import { boxBytes, openBox, sealBoxes } from '../crypto/seal/index.ts'
import { type EpochBody, type Recipient, recipientsToHash } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { secretsToPolicy } from './epoch-keys.ts'
import { checkSecret, createEpochSecrets, type EpochSecrets, secretOfLevel, secretsToCommitments } from './secrets.ts'

export type NewEpoch = {
  readonly secrets: EpochSecrets
  readonly body: EpochBody
  /** The boxes, a blob beside the record on lane 0: CBOR [ephemeral key, [box…]] in the order of the recipients. */
  readonly boxes: Uint8Array | undefined
}

/** What a new epoch takes over from older ones, sealed under its own fresh secrets. */
export type CarriedOver = Partial<Pick<EpochBody, 'inviteSeeds' | 'links'>> & {
  /** The space is public: the record shows the read secret to everybody (rule 22). */
  readonly isPublic?: boolean
}

/**
 * A fresh epoch, sealed to `recipients` (the evaluator's list for the past that the record will have). One who has no
 * sealing key yet gets a share later; an open invite gets its secret through its log.
 */
export function createEpoch(
  crypto: Crypto,
  space: Uint8Array,
  highest: 'admin' | 'write',
  recipients: readonly Recipient[],
  carry: (secrets: EpochSecrets & { readonly write: Uint8Array }) => CarriedOver = () => ({}),
): NewEpoch {
  const secrets = createEpochSecrets(crypto, highest)
  const { admin, write, read } = secretsToCommitments(crypto, secrets)
  assert(write !== undefined && read !== undefined && secrets.write !== undefined, 'an epoch starts at write or above')
  const sealed = sealBoxes(crypto, concatBytes(space, read), toSealable(recipients, secrets))
  const isEmpty = sealed.boxes.length === 0
  const boxes = isEmpty ? undefined : encodeCbor([sealed.ephemeral, sealed.boxes])
  const carried = carry({ ...secrets, write: secrets.write })
  const body: EpochBody = {
    salt: crypto.randomBytes(16),
    policy: secretsToPolicy(crypto, { ...secrets, write: secrets.write }),
    commitments: { admin, write, read },
    recipientsHash: recipientsToHash(crypto, recipients),
    boxesHash: boxes && crypto.sha256(boxes),
    inviteSeeds: carried.inviteSeeds ?? [],
    links: carried.links ?? [],
    publicSecret: carried.isPublic ? secrets.read : undefined,
  }
  return { secrets, body, boxes }
}

/**
 * Our secrets out of an epoch's boxes. `recipients` is the evaluator's list for the record's past, `id` ours in it.
 * Throws 'bad-encoding' where the blob is not the record's, 'cannot-open' where our box is not for us or holds another
 * secret than the record commits to, 'not-found' where there is none for us.
 */
export function openEpochBox(
  crypto: Crypto,
  space: Uint8Array,
  epoch: EpochBody,
  boxes: Uint8Array,
  recipients: readonly Recipient[],
  id: Uint8Array,
  secretKey: Uint8Array,
): EpochSecrets {
  if (epoch.boxesHash === undefined || !equalBytes(crypto.sha256(boxes), epoch.boxesHash)) {
    throw new KithError('bad-encoding', 'The boxes are not those of the epoch.')
  }
  const sealable = recipients.filter(({ sealing }) => sealing !== undefined)
  const index = sealable.findIndex((recipient) => equalBytes(recipient.id, id))
  const own = sealable[index]
  const { ephemeral, list } = decodeBoxes(boxes)
  const box = list[index]
  if (own === undefined || box === undefined) throw new KithError('not-found', 'The epoch has no box for this member.')
  const context = concatBytes(space, epoch.commitments.read)
  const secret = openBox(crypto, context, { ephemeral, box, index }, secretKey)
  return checkSecret(crypto, epoch.commitments, own.level, secret)
}

/**
 * The same where the list is not known, because the record rests on changes that are not here: every box is tried with every key. Undefined
 * where none opens to what the record commits to.
 */
export function findEpochBox(
  crypto: Crypto,
  space: Uint8Array,
  epoch: EpochBody,
  boxes: Uint8Array,
  secretKeys: readonly Uint8Array[],
): EpochSecrets | undefined {
  const context = concatBytes(space, epoch.commitments.read)
  const { ephemeral, list } = decodeBoxes(boxes)
  for (const secretKey of secretKeys) {
    for (const [index, box] of list.entries()) {
      const opened = ifUsable(() => openBox(crypto, context, { ephemeral, box, index }, secretKey))
      const secrets = opened && matchSecret(crypto, epoch, opened)
      if (secrets !== undefined) return secrets
    }
  }
  return undefined
}

/** The secrets that follow from one whose level is not said; undefined where the record commits to no such secret. */
export function matchSecret(crypto: Crypto, epoch: EpochBody, secret: Uint8Array): EpochSecrets | undefined {
  for (const level of ['admin', 'write', 'read'] as const) {
    const secrets = ifUsable(() => checkSecret(crypto, epoch.commitments, level, secret))
    if (secrets !== undefined) return secrets
  }
  return undefined
}

function toSealable(
  recipients: readonly Recipient[],
  secrets: EpochSecrets,
): { publicKey: Uint8Array; secret: Uint8Array }[] {
  return recipients.flatMap(({ sealing, level }) => {
    const secret = secretOfLevel(secrets, level)
    assert(secret !== undefined, 'a recipient is due more than the epoch has')
    return sealing === undefined ? [] : [{ publicKey: sealing, secret }]
  })
}

function decodeBoxes(bytes: Uint8Array): { ephemeral: Uint8Array; list: readonly Uint8Array[] } {
  const value = decodeCbor(bytes)
  if (!isList(value) || value.length !== 2) throw badBoxes()
  const [ephemeral, list] = value
  if (!(ephemeral instanceof Uint8Array) || ephemeral.length !== 32 || !isList(list)) throw badBoxes()
  if (!list.every(isBox)) throw badBoxes()
  return { ephemeral, list }
}

function isBox(value: CborValue): value is Uint8Array {
  return value instanceof Uint8Array && value.length === boxBytes
}

function badBoxes(): KithError {
  return new KithError('bad-encoding', 'The boxes of an epoch are malformed.')
}
