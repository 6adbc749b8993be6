import { equalBytes, KithError } from '../bytes/index.ts'
import { type EntryKey, entryKinds, openEntry, type UnpackedSegment, unpackSegments } from '../change/index.ts'
import type { Lane } from '../wire/index.ts'
import type { Engine } from './engine.ts'
import type { Replica, ReplicaEpoch } from './replica.ts'

/** Opens what hubs and bundles bring with the keys of all epochs that are here. */
export type EntryOpener = {
  /** What cannot be used is refused entry by entry. */
  readonly open: (lane: Lane, entries: readonly Uint8Array[]) => OpenedEntries
}

/** `entry` is the place of the entry that it came in. */
export type OpenedSegment = UnpackedSegment & { readonly entry: number }

export type OpenedEntries = {
  readonly segments: OpenedSegment[]
  /** What members say of packs: payloads of claims. */
  readonly claims: Uint8Array[]
  /** Places of entries that could not be opened. */
  readonly useless: Set<number>
  /** Boxes of epochs. */
  readonly sealedBoxes: Uint8Array[]
  readonly refused: KithError[]
}

export const createEntryOpener = (engine: Engine, replicaOf: () => Replica): EntryOpener => {
  const { crypto, compression } = engine.platform
  let keys: { readonly of: readonly ReplicaEpoch[]; readonly membership: EntryKey[]; readonly content: EntryKey[] }

  const keysOf = (lane: Lane): readonly EntryKey[] => {
    const of = replicaOf().epochs()
    if (keys?.of !== of) {
      keys = {
        of,
        membership: of.map((epoch) => ({ baseKey: epoch.keys.membership, associated: epoch.hash })),
        content: of.flatMap(({ hash, keys: { content } }) => (content ? [{ baseKey: content, associated: hash }] : [])),
      }
    }
    return lane === 0 ? keys.membership : keys.content
  }

  /** An epoch's key opens only what belongs to that epoch (membership rule 18). */
  const open = (lane: Lane, bytes: Uint8Array, entry: number, into: OpenedEntries): void => {
    const opened = openEntry(crypto, bytes, keysOf(lane))
    if (opened.kind === entryKinds.claim && lane === 1) {
      into.claims.push(opened.payload.slice())
      return
    }
    if (opened.kind === entryKinds.boxes && lane === 0) {
      into.sealedBoxes.push(opened.payload.slice())
      return
    }
    if (opened.kind !== entryKinds.segments)
      throw new KithError('not-supported', 'An entry is of a kind that this version does not know.')
    const unpacked = unpackSegments(compression, opened.payload, bytes.length)
    if (lane !== 0 && unpacked.some((segment) => !isOfEpoch(segment.bytes, opened.key.associated)))
      throw new KithError('bad-encoding', 'An entry holds changes of another epoch than its key. It was refused.')
    // The deflated bytes are views of the frame: what outlives this call is copied.
    for (const { deflated, bytes: segment } of unpacked) {
      into.segments.push({ deflated: deflated.slice(), bytes: segment, entry })
    }
  }

  return {
    open: (lane, entries) => {
      const into: OpenedEntries = { segments: [], sealedBoxes: [], claims: [], useless: new Set(), refused: [] }
      for (const [place, entry] of entries.entries()) {
        try {
          open(lane, entry, place, into)
        } catch (cause) {
          if (!(cause instanceof KithError)) throw cause
          into.useless.add(place)
          into.refused.push(cause)
        }
      }
      return into
    },
  }
}

/**
 * Whether a segment says that it is of this epoch, read from its beginning alone: CBOR [v, suite, space, device, epoch, …]. One
 * that lies further on is found when it is decoded.
 */
const isOfEpoch = (segment: Uint8Array, epoch: Uint8Array): boolean => {
  let at = 3
  for (let skipped = 0; skipped < 2; skipped += 1) at += segment[at] === 0x58 ? 2 + (segment[at + 1] ?? 0) : 1
  return equalBytes(segment.subarray(at + 2, at + 2 + epoch.length), epoch)
}
