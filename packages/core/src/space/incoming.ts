import { equalBytes, KithError } from '../bytes/index.ts'
import {
  type Chain,
  type Change,
  checkSegment,
  decodeSegmentUnchecked,
  kinds,
  type Segment,
  type UnpackedSegment,
} from '../change/index.ts'
import type { Content, NumberedChange, SpaceEntry, StoredSegment } from '../database/index.ts'
import type { Engine } from './engine.ts'
import { dequeue, type Origin } from './outbox.ts'
import type { ChainRun } from './packs/index.ts'

/** What comes from hubs and bundles into one space. */
export type Incoming = {
  /** Takes segments within the open transaction; the caller undoes it when this throws. */
  readonly receive: (segments: readonly UnpackedSegment[], from: Origin | undefined, expected: Chain) => ReceiveResult
}

export type ReceiveResult = {
  readonly fresh: number
  readonly refused: readonly KithError[]
  /** Where the content lies that was not refused. */
  readonly runs: ReadonlyMap<UnpackedSegment, ChainRun>
}

export type IncomingInput = {
  readonly engine: Engine
  readonly space: SpaceEntry
  readonly content: Content
  /** Returns hashes of membership changes that can be judged now. */
  readonly addMembership: (changes: readonly Change[]) => readonly Uint8Array[]
  /** Has content judged by what was added. */
  readonly membershipSettled: (hashes: readonly Uint8Array[]) => void
  /** Marks that a person's changes travel with the space. */
  readonly carry: (person: number) => void
  readonly tell: (touched: ReadonlySet<string>) => void
}

/** What the segments of one delivery come to. */
type Taken = {
  readonly fresh: NumberedChange[]
  readonly kept: StoredSegment[]
  /** Content chains that have branched. */
  readonly branched: Set<number>
  readonly runs: Map<UnpackedSegment, ChainRun>
  readonly membership: Change[]
  readonly persons: { readonly person: number; readonly changes: readonly Change[] }[]
}

export const createIncoming = (input: IncomingInput): Incoming => {
  const { engine, space, content, addMembership, membershipSettled, carry, tell } = input
  const { unit, statements, clock, person } = engine
  const { crypto } = engine.platform
  const { registry, history } = engine.store()
  const own = person.device.signing.publicKey

  /** Keeps a verified segment; what is to be done with it is noted in `taken`. */
  const take = (
    segment: Segment,
    unpacked: UnpackedSegment,
    from: Origin | undefined,
    { fresh, kept, branched, runs, membership, persons }: Taken,
  ): void => {
    const first = segment.changes[0] as Change
    const spaceId = first.header.space.length === 0 ? first.hash : first.header.space
    const isOwnSpace = equalBytes(spaceId, space.id)
    if (!isOwnSpace && segment.chain !== 'membership')
      throw new KithError('bad-encoding', 'An entry holds content of another space.')
    const target = isOwnSpace ? space : registry.addSpace(spaceId, '', 'person')
    if (!isOwnSpace) {
      if (target.kind !== 'person')
        throw new KithError('bad-encoding', 'An entry carries changes of a space that is no person.')
      carry(target.n)
    }
    // Ours is whole on our own log; elsewhere it lies without what concerns our devices alone.
    const isStripped = segment.changes.some(({ body, header }) => body === undefined && header.kind === kinds.epoch)
    const chain = registry.chainOf(target.n, segment.device, segment.chain === 'membership' ? 0 : 1)
    if (!isOwnSpace && from) dequeue(statements, from, space.n, history.coveredAsCarried(chain, segment))
    if (!isOwnSpace && target.n === engine.personSpace && isStripped) return
    const result = history.store(chain, segment, unpacked.deflated, unpacked.bytes.length)
    if (isOwnSpace && from) dequeue(statements, from, space.n, result.covered)
    if (result.stored) kept.push(result.stored)
    if (segment.chain === 'content') {
      runs.set(unpacked, { chain: chain.n, seq: first.header.seq, count: segment.changes.length })
      const isOurs = equalBytes(segment.device, own) && result.fresh.length > 0
      if (isOurs || result.isBranched) branched.add(chain.n)
      fresh.push(...result.fresh)
      return
    }
    // A person's changes may be here already, from another space, and still be news to this one.
    membership.push(...segment.changes)
    if (result.stored && target.kind === 'person') persons.push({ person: target.n, changes: segment.changes })
  }

  const receive: Incoming['receive'] = (segments, from, expected) => {
    unit.enter('soon')
    const refused: KithError[] = []
    const taken: Taken = { fresh: [], kept: [], branched: new Set(), runs: new Map(), membership: [], persons: [] }
    const { fresh, kept, branched } = taken
    for (const unpacked of segments) {
      try {
        const segment = checkSegment(crypto, unpacked.decoded ?? decodeSegmentUnchecked(crypto, unpacked.bytes))
        if (segment.chain !== expected)
          throw new KithError('bad-encoding', 'An entry holds changes of the other chain than its key is for.')
        take(segment, unpacked, from, taken)
      } catch (cause) {
        // A full disk is no fault of the segment: it must come again.
        if (!(cause instanceof KithError) || isOwnFailure(cause)) throw cause
        refused.push(cause)
      }
    }
    // All at once: what a set of changes leaves standing is worked out once, not for each of thousands of joins.
    const settled = addMembership(taken.membership)
    for (const { person: n, changes } of taken.persons) engine.personCame(n, changes, space.n)
    // Whoever takes a change in also brings it to the hubs and logs that lack it: those that there are by now.
    for (const stored of kept) engine.spread(space.n, stored, from)
    const nowMs = clock.nowMs()
    for (const { change } of fresh) {
      clock.observe(change.header.time)
      engine.touchSpace(space.n, Math.min(change.header.time.ms, nowMs))
    }
    if (expected === 'membership') membershipSettled(settled)
    if (fresh.length > 0) tell(content.take(fresh, nowMs))
    for (const chain of branched) content.branched(chain)
    return { fresh: fresh.length, refused, runs: taken.runs }
  }

  return { receive }
}

const isOwnFailure = ({ code }: KithError): boolean => code.startsWith('storage-') || code === 'closed'
