import { ifUsable, KithError, toHex } from '../../bytes/index.ts'
import { decodeSegment, entryKinds, openEntry, type Segment, unpackSegments } from '../../change/index.ts'
import {
  type EpochSecrets,
  openEpochBox,
  secretOfLevel,
  secretsToKeys,
  secretsToLevel,
  secretsToPolicy,
  secretToSecrets,
} from '../../keys/index.ts'
import { createMembership, type Level, type Membership, type PolicyKeys } from '../../membership/index.ts'
import type { Platform } from '../../ports/index.ts'
import { createLogReader } from '../log-reader.ts'

/** The own log of a person, read by somebody who has one of its epochs and a key that later ones are sealed to. */
export type FetchedPerson = {
  readonly segments: readonly Segment[]
  readonly boxes: readonly Uint8Array[]
  readonly epochs: readonly { readonly hash: Uint8Array; readonly level: Level; readonly secret: Uint8Array }[]
  readonly membership: Membership
}

export type FetchPersonInput = {
  readonly platform: Platform
  readonly person: Uint8Array
  readonly epoch: { readonly hash: Uint8Array; readonly level: Level; readonly secret: Uint8Array }
  /** As a recipient of epochs: a device, or the recovery key. */
  readonly recipient: { readonly id: Uint8Array; readonly secretKey: Uint8Array }
}

/** Each epoch that came since is read from the log of one before it. */
const epochsMax = 256

/** @throws KithError `hub-unreachable`, `hub-refused`, `not-found`. */
export const fetchPerson = async (input: FetchPersonInput, url: string): Promise<FetchedPerson> => {
  const { platform, person, epoch, recipient } = input
  const { crypto, compression } = platform
  const membership = createMembership({ crypto, space: person })
  const segments = new Map<string, Segment>()
  const boxes = new Map<string, Uint8Array>()
  const held = new Map<string, { hash: Uint8Array; secrets: EpochSecrets }>()
  const reader = createLogReader({ platform }, url)

  const readLog = async (hash: Uint8Array, secrets: EpochSecrets, policy: PolicyKeys): Promise<void> => {
    const { log, membership: baseKey } = secretsToKeys(crypto, secrets, policy)
    if (!log.read) return
    const read = await reader.read({ policy: log.policy, rights: [{ right: 'read', seed: log.read.seed }] })
    for (const bytes of read.entries) {
      ifUsable(() => {
        const { kind, payload } = openEntry(crypto, bytes, [{ baseKey, associated: hash }])
        if (kind === entryKinds.boxes) boxes.set(toHex(crypto.sha256(payload)), payload.slice())
        if (kind !== entryKinds.segments) return
        for (const unpacked of unpackSegments(compression, payload, bytes.length)) {
          const segment = decodeSegment(crypto, unpacked.bytes)
          if (segment.chain !== 'membership') continue
          segments.set(toHex(crypto.sha256(unpacked.bytes)), segment)
          membership.add(segment.changes)
        }
      })
    }
  }

  try {
    const secrets = secretToSecrets(crypto, epoch.level, epoch.secret)
    held.set(toHex(epoch.hash), { hash: epoch.hash, secrets })
    // A person's epochs are made by its devices, all of them owners: they have an admin secret, from which all of a log's keys follow.
    if (!secrets.write) throw new KithError('cannot-open', 'The keys of the person’s own log are not whole.')
    await readLog(epoch.hash, secrets, secretsToPolicy(crypto, { ...secrets, write: secrets.write }))
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
      await readLog(next.hash, opened, next.policy)
    }
  } finally {
    reader.close()
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
