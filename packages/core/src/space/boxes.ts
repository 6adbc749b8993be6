import { equalBytes, KithError } from '../bytes/index.ts'
import type { Statements } from '../database/index.ts'
import { type EpochSecrets, openEpochBox, openShare, secretOfLevel, secretsToLevel } from '../keys/index.ts'
import { type Epoch, type Level, levelNumbers, type Membership, type ShareForUs } from '../membership/index.ts'
import type { Crypto, Hashing } from '../ports/index.ts'
import type { Engine } from './engine.ts'
import { keepSecret, loadSecret, loadSecrets } from './secrets.ts'

/** Blobs of boxes that no record here names yet: any writer can make some, and they are kept whole. */
const strayBoxesMax = 64

/**
 * Keeps the boxes of an epoch. They are named by their own hash, as the record names them: so it does not matter which of the
 * two comes first.
 */
export const keepBoxes = (statements: Statements, crypto: Hashing, space: number, boxes: Uint8Array): void =>
  keepSecret(statements, space, 'boxes', crypto.sha256(boxes), boxes)

export const findBoxes = (
  statements: Statements,
  space: number,
  epoch: Pick<Epoch, 'boxesHash'>,
): Uint8Array | undefined => epoch.boxesHash && loadSecret(statements, space, 'boxes', epoch.boxesHash)

/** Takes secrets of epochs out of boxes and shares that are sealed to our person. */
export type BoxOpener = {
  /** Boxes came beside a record. @throws KithError `too-large` for too many that belong to nothing. */
  readonly came: (boxes: Uint8Array) => void
  /** Opens what can be opened; called whenever membership or boxes came. */
  readonly open: () => void
  /** Clean epochs of which nothing that was sealed to us opens, or not to what the record commits to (rule 15). */
  readonly broken: () => Epoch[]
  /** Clean epochs that we have no secret of, because the boxes have not come that their records name. */
  readonly boxless: () => Epoch[]
}

export type BoxOpenerInput = {
  readonly engine: Engine
  readonly space: { readonly n: number; readonly id: Uint8Array }
  readonly membership: Membership
  /** The level of the secret that we have of an epoch. */
  readonly levelOf: (epoch: Uint8Array) => Level | undefined
  readonly addSecret: (epoch: Uint8Array, level: Level, secret: Uint8Array) => void
}

export const createBoxOpener = (input: BoxOpenerInput): BoxOpener => {
  const { engine, space, membership, levelOf, addSecret } = input
  const { statements, platform, person } = engine
  const { crypto } = platform

  const hasLess = (epoch: Epoch, level: Level): boolean => {
    const known = levelOf(epoch.hash)
    return known === undefined || levelNumbers[known] < levelNumbers[level]
  }

  /** In its person's own space a device is itself a recipient. */
  const isPerson = space.n === engine.personSpace
  const ownId = isPerson ? person.device.signing.publicKey : person.person

  /** Every secret key of ours that something was ever sealed to; a box says by its recipient's public key which it needs. */
  const secretKeys = (sealing: Uint8Array): Uint8Array[] =>
    (isPerson ? [person.device] : person.tagKeys).flatMap((key) =>
      equalBytes(key.sealing.publicKey, sealing) ? [key.sealing.secretKey] : [],
    )

  /** The key of ours that a record has a box for. */
  const boxKey = (epoch: Epoch): Uint8Array | undefined => {
    const own = epoch.recipients.find(({ id }) => equalBytes(id, ownId))
    if (own?.sealing === undefined || !hasLess(epoch, own.level)) return undefined
    return secretKeys(own.sealing)[0]
  }

  /** Undefined: there is nothing for us to try. A KithError: there is, and it is not what it should be. */
  const tryBox = (epoch: Epoch): EpochSecrets | KithError | undefined => {
    const secretKey = boxKey(epoch)
    if (secretKey === undefined) return undefined
    const boxes = findBoxes(statements, space.n, epoch)
    if (boxes === undefined) return undefined
    return caught(() => openEpochBox(crypto, space.id, epoch, boxes, epoch.recipients, ownId, secretKey))
  }

  const attempts = (epoch: Epoch, shares: readonly ShareForUs[]): (EpochSecrets | KithError)[] => {
    const box = tryBox(epoch)
    const shared = shares
      .filter((share) => equalBytes(share.epoch, epoch.hash) && hasLess(epoch, share.level))
      .map((share) => openWithAny(crypto, space.id, epoch, share, person.tagKeys))
    return [...(box === undefined ? [] : [box]), ...shared]
  }

  /** A share does not name the key that it is sealed to: only who has every key that our person ever had can say that none opens it. */
  const hasEveryKey = (): boolean => {
    const tag = membership.member(person.person)?.tag
    const keys = membership.keysOf(person.person).flatMap((body) => body.keys)
    return tag !== undefined && keys.every((key) => !equalBytes(key.tag, tag) || secretKeys(key.sealing).length > 0)
  }

  /** All that might still hold something for us: an epoch whose highest secret we have needs no further look. */
  const unopened = (): Epoch[] =>
    membership.epochs().filter((epoch) => hasLess(epoch, epoch.commitments.admin === undefined ? 'write' : 'admin'))

  /** Who has a secret of one by another way (an invite's, say) can read and be read: one box alone breaks nothing. */
  const unknown = (): Epoch[] => unopened().filter((epoch) => epoch.isClean && levelOf(epoch.hash) === undefined)

  return {
    came: (boxes) => {
      const id = crypto.sha256(boxes)
      const isNamed = (hash: Uint8Array): boolean =>
        membership.epochs().some(({ boxesHash }) => boxesHash !== undefined && equalBytes(boxesHash, hash))
      if (!isNamed(id)) {
        const stray = loadSecrets(statements, space.n, 'boxes').filter((kept) => !isNamed(kept.id))
        if (stray.length >= strayBoxesMax)
          throw new KithError('too-large', 'There are too many boxes of keys that no record names. They were refused.')
      }
      keepSecret(statements, space.n, 'boxes', id, boxes)
    },
    open: () => {
      const shares = membership.shares(person.person)
      for (const epoch of unopened()) {
        for (const opened of attempts(epoch, shares)) {
          if (opened instanceof KithError) continue
          const level = secretsToLevel(opened)
          if (hasLess(epoch, level)) addSecret(epoch.hash, level, secretOfLevel(opened, level) as Uint8Array)
        }
      }
    },
    broken: () => {
      const epochs = unknown()
      if (epochs.length === 0) return []
      const shares = hasEveryKey() ? membership.shares(person.person) : []
      return epochs.filter((epoch) => {
        const tried = attempts(epoch, shares)
        return tried.length > 0 && tried.every((opened) => opened instanceof KithError)
      })
    },
    boxless: () =>
      unknown().filter((epoch) => boxKey(epoch) !== undefined && findBoxes(statements, space.n, epoch) === undefined),
  }
}

const openWithAny = (
  crypto: Crypto,
  space: Uint8Array,
  epoch: Epoch,
  share: ShareForUs,
  keys: Engine['person']['tagKeys'],
): EpochSecrets | KithError => {
  let problem = new KithError('cannot-open', 'There is no key here that a share could be sealed to.')
  for (const { sealing } of keys) {
    const opened = caught(() => openShare(crypto, space, epoch, share, sealing.secretKey))
    if (!(opened instanceof KithError)) return opened
    problem = opened
  }
  return problem
}

const caught = <Result>(run: () => Result): Result | KithError => {
  try {
    return run()
  } catch (cause) {
    if (cause instanceof KithError) return cause
    throw cause
  }
}
