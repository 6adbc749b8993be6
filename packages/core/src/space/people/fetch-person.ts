import { equalBytes, ifUsable, KithError, toHex } from '../../bytes/index.ts'
import { type Change, decodeSegment, entryKinds, openEntry, type Segment, unpackSegments } from '../../change/index.ts'
import {
  type EpochKeys,
  type EpochSecrets,
  openEpochBox,
  openLinks,
  secretOfLevel,
  secretsToKeys,
  secretsToLevel,
  secretsToPolicy,
  secretToSecrets,
} from '../../keys/index.ts'
import { createMembership, decodeEpoch, type Level, type Membership, type PolicyKeys } from '../../membership/index.ts'
import type { Platform } from '../../ports/index.ts'
import type { LogReader } from '../log-reader.ts'

/** The own log of a person, read by somebody who has one of its epochs and a key that later ones are sealed to. */
export type FetchedPerson = {
  readonly segments: readonly Segment[]
  readonly boxes: readonly Uint8Array[]
  readonly epochs: readonly { readonly hash: Uint8Array; readonly level: Level; readonly secret: Uint8Array }[]
  readonly membership: Membership
}

export type FetchPersonInput = {
  readonly platform: Pick<Platform, 'crypto' | 'compression'>
  /** Reads the person's log; the caller closes it. */
  readonly reader: LogReader
  readonly person: Uint8Array
  readonly epoch: { readonly hash: Uint8Array; readonly level: Level; readonly secret: Uint8Array }
  /** As a recipient of epochs: a device, or the recovery key. */
  readonly recipient: { readonly id: Uint8Array; readonly secretKey: Uint8Array }
}

type Way = { readonly hash: Uint8Array; readonly keys: Pick<EpochKeys, 'log' | 'membership'> }

/** Each epoch that came since is read from the log of one before it. */
const epochsMax = 256

/** @throws KithError `hub-unreachable`, `hub-refused`, `not-found`. */
export const fetchPerson = async (input: FetchPersonInput): Promise<FetchedPerson> => {
  const { platform, reader, person, epoch, recipient } = input
  const { crypto, compression } = platform
  const membership = createMembership({ crypto, space: person })
  const segments = new Map<string, Segment>()
  const boxes = new Map<string, Uint8Array>()
  const held = new Map<string, { hash: Uint8Array; secrets: EpochSecrets }>()

  const changes = new Map<string, Change>()
  const seen = new Set<string>()

  /** A device may have put changes of other spaces there: kept as the person's they would travel as such. */
  const isOfPerson = ({ changes: [first] }: Segment): boolean =>
    first !== undefined && equalBytes(first.header.space.length > 0 ? first.header.space : first.hash, person)

  const readLog = async ({ hash, keys }: Way): Promise<void> => {
    const { log, membership: baseKey } = keys
    if (!log.read) return
    const { entries } = await reader.read({ policy: log.policy, rights: [{ right: 'read', seed: log.read.seed }] })
    for (const bytes of entries) {
      ifUsable(() => {
        const { kind, payload } = openEntry(crypto, bytes, [{ baseKey, associated: hash }])
        if (kind === entryKinds.boxes) boxes.set(toHex(crypto.sha256(payload)), payload.slice())
        if (kind !== entryKinds.segments) return
        for (const unpacked of unpackSegments(compression, payload, bytes.length)) {
          const segment = decodeSegment(crypto, unpacked.bytes)
          if (segment.chain !== 'membership' || !isOfPerson(segment)) continue
          segments.set(toHex(crypto.sha256(unpacked.bytes)), segment)
          membership.add(segment.changes)
          for (const change of segment.changes) changes.set(toHex(change.hash), change)
        }
      })
    }
  }
  const isWhole = (): boolean =>
    changes.has(toHex(person)) &&
    [...changes.values()].every(({ header: { prev, grant, admission, deps } }) =>
      [prev, grant, admission, ...deps.membership].every((hash) => hash.length === 0 || changes.has(toHex(hash))),
    )
  const linksOf = ({ hash, keys }: Way): Way[] => {
    const body = changes.get(toHex(hash))?.body
    const links = (body && ifUsable(() => decodeEpoch(body))?.links) ?? []
    return openLinks(crypto, person, { membership: keys.membership, content: undefined }, links)
  }
  /** A log gets what was before it a while after its epoch began: until then that lies in the logs before it. */
  const readFrom = async (start: Way): Promise<void> => {
    const queue = [start]
    for (let way = queue.shift(); way && seen.size < epochsMax; way = queue.shift()) {
      if (seen.has(toHex(way.hash))) continue
      seen.add(toHex(way.hash))
      await readLog(way)
      if (isWhole()) return
      queue.push(...linksOf(way))
    }
  }
  const toWay = (hash: Uint8Array, secrets: EpochSecrets, policy: PolicyKeys): Way => ({
    hash,
    keys: secretsToKeys(crypto, secrets, policy),
  })

  const secrets = secretToSecrets(crypto, epoch.level, epoch.secret)
  held.set(toHex(epoch.hash), { hash: epoch.hash, secrets })
  // A person's epochs are made by its devices, all of them owners: they have an admin secret, from which all of a log's keys follow.
  if (!secrets.write) throw new KithError('cannot-open', 'The keys of the person’s own log are not whole.')
  await readFrom(toWay(epoch.hash, secrets, secretsToPolicy(crypto, { ...secrets, write: secrets.write })))
  for (let round = 0; round < epochsMax; round += 1) {
    const next = membership.epochs().find(({ hash, boxesHash }) => {
      return !held.has(toHex(hash)) && boxesHash !== undefined && boxes.has(toHex(boxesHash))
    })
    const blob = next?.boxesHash && boxes.get(toHex(next.boxesHash))
    if (!next?.boxesHash || !blob) break
    const opened = ifUsable(() =>
      openEpochBox(crypto, person, next, blob, next.recipients, recipient.id, recipient.secretKey),
    )
    if (!opened) {
      boxes.delete(toHex(next.boxesHash))
      continue
    }
    held.set(toHex(next.hash), { hash: next.hash, secrets: opened })
    await readFrom(toWay(next.hash, opened, next.policy))
  }
  if (membership.verdictOf(person) !== 'applied')
    throw new KithError('not-found', 'The hub does not have this person. Try another hub.')
  return {
    segments: [...segments.values()],
    boxes: [...boxes.values()],
    epochs: [...held.values()].flatMap(({ hash, secrets }) => {
      const level = secretsToLevel(secrets)
      const secret = secretOfLevel(secrets, level)
      return secret ? [{ hash, level, secret }] : []
    }),
    membership,
  }
}
