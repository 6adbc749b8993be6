import { compareBytes, equalBytes, ifUsable, toHex } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import type { Statements } from '../database/index.ts'
import {
  checkSecret,
  createLinks,
  type EpochKeys,
  type EpochSecrets,
  type LinkedEpoch,
  openLinks,
  secretsToKeys,
  secretToKeys,
  secretToSecrets,
} from '../keys/index.ts'
import { decodeEpoch, type Epoch, type EpochBody, type Level, type Membership } from '../membership/index.ts'
import type { Crypto } from '../ports/index.ts'
import { bytesToEpochSecret, epochSecretToBytes, loadNotices, loadSecrets } from './secrets.ts'

/** An epoch that this device has a secret of, with the keys that follow from it. */
export type HeldEpoch = { readonly hash: Uint8Array; readonly keys: EpochKeys; readonly secrets: EpochSecrets }

/** An epoch that can only be read: by a link from a newer one, or because its record shows its read secret to everybody. */
export type ReadEpoch = LinkedEpoch & {
  readonly secrets: undefined
  /** The space is public under it: what is written to its log now is read there, membership too. */
  readonly isPublic: boolean
}

/** An epoch that can be read here: by a secret of it, or, without `secrets`, by a link or because it is public. */
export type ReplicaEpoch = HeldEpoch | ReadEpoch

/** What the record of a new epoch gives of the content from before: all; nothing; or what everybody can read already. */
export type LinkedHistory = 'shown' | 'hidden' | 'as public'

export const isHeld = (epoch: ReplicaEpoch): epoch is HeldEpoch => epoch.secrets !== undefined

/** Finds the epochs of a space that can be read here. */
export type Epochs = {
  /** The one to write under first. Held ones come before those that links lead to. */
  readonly load: () => ReplicaEpoch[]
  /** What the record of an epoch that is made now says of those before it; `secrets` are its own. */
  readonly links: (secrets: EpochSecrets, history?: LinkedHistory) => EpochBody['links']
}

export type EpochsInput = {
  readonly crypto: Crypto
  readonly statements: Statements
  readonly space: { readonly n: number; readonly id: Uint8Array }
  readonly membership: Membership
}

/** What a record says, whether it can be judged here or not. */
export type RecordedEpoch = EpochBody & { readonly hash: Uint8Array }

/** Records that wait for changes which are not here, perhaps because a hub has lost them: the keys that belong to them lead to where others put those again. */
export const waitingRecords = (membership: Membership, space: Uint8Array): RecordedEpoch[] =>
  membership.waiting().flatMap(({ change: { header, hash, body } }): RecordedEpoch[] => {
    const isRecord = header.kind === kinds.epoch && equalBytes(header.space, space)
    const read = isRecord && body ? ifUsable(() => decodeEpoch(body)) : undefined
    return read ? [{ ...read, hash }] : []
  })

/** Keys are derived once: epochs are loaded after each membership change. */
export const createEpochs = ({ crypto, statements, space, membership }: EpochsInput): Epochs => {
  const held = new Map<string, { readonly kept: string; readonly epoch: HeldEpoch }>()
  const opened = new Map<string, readonly LinkedEpoch[]>()
  const shown = new Map<string, ReadEpoch>()

  const linksOf = (record: RecordedEpoch, keys: ReplicaEpoch['keys']): readonly LinkedEpoch[] => {
    const name = `${toHex(record.hash)}${toHex(keys.membership)}${keys.content ? 1 : 0}`
    let found = opened.get(name)
    if (!found) opened.set(name, (found = openLinks(crypto, space.id, keys, record.links)))
    return found
  }

  const loadHeld = (records: readonly RecordedEpoch[]): HeldEpoch[] => {
    const kept = new Map(loadSecrets(statements, space.n, 'epoch').map(({ id, value }) => [toHex(id), value]))
    const inUse = membership.epochInUse()?.hash
    const found = records.flatMap((record): HeldEpoch[] => {
      const name = toHex(record.hash)
      const value = kept.get(name)
      if (!value) return []
      const known = held.get(name)
      if (known?.kept === toHex(value)) return [known.epoch]
      const { level, secret } = bytesToEpochSecret(value)
      const secrets = secretToSecrets(crypto, level, secret)
      const epoch = { hash: record.hash, secrets, keys: secretsToKeys(crypto, secrets, record.policy) }
      held.set(name, { kept: toHex(value), epoch })
      return [epoch]
    })
    const isInUse = (epoch: HeldEpoch): boolean => inUse !== undefined && equalBytes(epoch.hash, inUse)
    return [...found.filter(isInUse), ...found.filter((epoch) => !isInUse(epoch))]
  }

  /**
   * Epochs that a contact told of and whose records are not here: their logs are followed for the records. Once a record has come, the
   * secret counts if it is what the record commits to.
   */
  const loadNoticed = (records: readonly RecordedEpoch[], own: readonly HeldEpoch[]): HeldEpoch[] =>
    loadNotices(statements, space.n).flatMap(({ epoch: hash, level, secret, policy }): HeldEpoch[] => {
      if (own.some((epoch) => equalBytes(epoch.hash, hash))) return []
      const record = records.find((known) => equalBytes(known.hash, hash))
      if (record && !isCommitted(record, level, secret)) return []
      const name = toHex(hash)
      const kept = toHex(epochSecretToBytes(level, secret))
      const known = held.get(name)
      if (known?.kept === kept) return [known.epoch]
      const secrets = secretToSecrets(crypto, level, secret)
      const epoch = { hash, secrets, keys: secretToKeys(crypto, level, secret, policy) }
      held.set(name, { kept, epoch })
      return [epoch]
    })

  /** Whoever is no member reads a public space by what its records show; and so does a member whom nobody has given the keys yet. */
  const loadPublic = (records: readonly Epoch[], own: ReadonlySet<string>): ReadEpoch[] =>
    records.flatMap((record): ReadEpoch[] => {
      const name = toHex(record.hash)
      const { publicSecret: read } = record
      if (read === undefined || own.has(name)) return []
      let known = shown.get(name)
      if (!known) {
        const keys = secretsToKeys(crypto, { admin: undefined, write: undefined, read }, record.policy)
        // The door is for members: what others would bring there is nobody's.
        known = { hash: record.hash, keys: { ...keys, door: undefined }, secrets: undefined, isPublic: true }
        shown.set(name, known)
      }
      return [known]
    })

  const isCommitted = (record: RecordedEpoch, level: Level, secret: Uint8Array): boolean =>
    ifUsable(() => checkSecret(crypto, record.commitments, level, secret)) !== undefined

  /** Epochs that links lead to, near ones first. One that several links name otherwise is listed with each of its keys. */
  const follow = (records: readonly RecordedEpoch[], from: readonly ReplicaEpoch[]): LinkedEpoch[] => {
    const recordOf = new Map(records.map((record) => [toHex(record.hash), record]))
    const found = new Map<string, LinkedEpoch>()
    const queue: { readonly hash: Uint8Array; readonly keys: ReplicaEpoch['keys'] }[] = [...from]
    for (let at = 0; at < queue.length && queue.length < linkedMax; at += 1) {
      const { hash, keys } = queue[at] as (typeof queue)[number]
      const record = recordOf.get(toHex(hash))
      if (!record) continue
      for (const linked of linksOf(record, keys)) {
        const name = `${toHex(linked.hash)}${toHex(linked.keys.membership)}`
        const known = found.get(name)
        // A way that shows more than the one before is gone again: what lies behind it may be readable too.
        if (known && (known.keys.content || !linked.keys.content)) continue
        found.set(name, linked)
        queue.push(linked)
      }
    }
    return [...found.values()]
  }

  const loadFrom = (judged: readonly Epoch[], waiting: readonly RecordedEpoch[]): ReplicaEpoch[] => {
    const records = [...judged, ...waiting]
    const recorded = loadHeld(records)
    const own = [...recorded, ...loadNoticed(records, recorded)]
    const isOwn = new Set(own.map(({ hash }) => toHex(hash)))
    const read = loadPublic(judged, isOwn)
    for (const { hash } of read) isOwn.add(toHex(hash))
    const found = records.some(({ links }) => links.length > 0) ? follow(records, [...own, ...read]) : []
    const linked = found.filter(({ hash }) => !isOwn.has(toHex(hash)))
    return [...own, ...read, ...linked.map((epoch) => ({ ...epoch, secrets: undefined, isPublic: false }))]
  }

  return {
    load: () => loadFrom(membership.epochs(), waitingRecords(membership, space.id)),
    links: (secrets, history = 'shown') => {
      const records = membership.epochs()
      const depth = new Map(records.map(({ hash, supersedes }) => [toHex(hash), supersedes.length]))
      const isPublic = new Set(records.flatMap(({ hash, publicSecret }) => (publicSecret ? [toHex(hash)] : [])))
      const mayShow = ({ hash, keys }: ReplicaEpoch): boolean =>
        keys.content !== undefined && (history === 'shown' || (history === 'as public' && isPublic.has(toHex(hash))))
      // Only what no other link leads to: a space of many epochs needs one link a record.
      // What cannot be judged here may be newer than ours, and for others: it is read, and not handed on.
      const newestFirst = loadFrom(records, []).sort(
        (left, right) => (depth.get(toHex(right.hash)) ?? -1) - (depth.get(toHex(left.hash)) ?? -1),
      )
      const chosen: { readonly epoch: ReplicaEpoch; readonly isShown: boolean }[] = []
      const reached = new Map<string, boolean>()
      for (const epoch of newestFirst) {
        const isReached = reached.get(toHex(epoch.hash))
        const isShown = mayShow(epoch)
        if (isReached || (isReached === false && !isShown)) continue
        chosen.push({ epoch, isShown })
        for (const { hash, keys } of [epoch, ...follow(records, [epoch])])
          reached.set(toHex(hash), reached.get(toHex(hash)) === true || (isShown && keys.content !== undefined))
      }
      const linksTo = (areShown: boolean): EpochBody['links'] => {
        const older = chosen.flatMap(({ epoch, isShown }) => (isShown === areShown ? [epoch] : []))
        return createLinks(crypto, space.id, secrets, older, !areShown)
      }
      return [...linksTo(true), ...linksTo(false)].sort((left, right) => compareBytes(left.epoch, right.epoch))
    },
  }
}

/** Ways that are followed: a hostile record could name thousands. */
const linkedMax = 4096
