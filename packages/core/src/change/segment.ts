import {
  assert,
  type CborValue,
  decodeCbor,
  encodeCbor,
  equalBytes,
  isList,
  KithError,
  labelled,
} from '../bytes/index.ts'
import { bodyBytesMax, segmentBytesMax, segmentChangesMax } from '../limits/index.ts'
import type { Hashing, Verifying } from '../ports/index.ts'
import { type Change, hashHeader } from './change.ts'
import { checkHeaderShape, type Deps, formatVersion, type Header, noBytes, noDeps, suite, toHeads } from './header.ts'
import { type Chain, kindMax, kinds, kindToChain } from './kinds.ts'
import { bytesToTime, isTime, type Time, timeToBytes } from './time.ts'

/**
 * A run of consecutive changes of one chain, of one epoch, signed once at its end: the signature holds the last hash,
 * and each hash holds the one before. So whoever has the bytes can repack runs, without any key.
 */
export type Segment = {
  /** The space's id: of a run that begins with the genesis, the hash of that. */
  readonly space: Uint8Array
  readonly device: Uint8Array
  readonly chain: Chain
  readonly epoch: Uint8Array
  /** At least one; `seq` and `prev` are consecutive. */
  readonly changes: readonly Change[]
  /** Ed25519 by `device` over labelled('kith/1 segment', hash of the last change). */
  readonly signature: Uint8Array
}

/** What a segment's signature is over. */
function segmentToSign(lastHash: Uint8Array): Uint8Array {
  return labelled('kith/1 segment', lastHash)
}

/** Signs the run and makes the segment of it. `sign` is the device key behind its port. */
export function signSegment(changes: readonly Change[], sign: (message: Uint8Array) => Uint8Array): Segment {
  const first = changes[0]
  const last = changes[changes.length - 1]
  assert(first !== undefined && last !== undefined, 'a segment has at least one change')
  return changesToSegment(first, changes, sign(segmentToSign(last.hash)))
}

/**
 * CBOR [v, suite, space, device, epoch, firstSeq, firstPrev, firstTime, items, signature]. An item is
 * [time step, body, patch?]: the step is the milliseconds since the item before where the counter is what a clock
 * would give next, else [milliseconds, counter]; the body is its bytes, or [its hash] where it is not here; the patch
 * is [kind, membership heads, content heads, grant, admission, schema], null where it is as in the item before
 * (content heads: where there are none). A run that begins with a genesis names no space: the genesis' hash is the
 * space of the changes after it.
 */
export function encodeSegment(segment: Segment): Uint8Array {
  const { changes, signature } = segment
  const first = changes[0] as Change
  assertRun(changes)
  const items: CborValue[] = []
  let last: Header | undefined
  for (const change of changes) {
    items.push(changeToItem(change, last))
    last = change.header
  }
  const { space, device, epoch, seq, prev, time } = first.header
  const bytes = encodeCbor([formatVersion, suite, space, device, epoch, seq, prev, timeToBytes(time), items, signature])
  assert(bytes.length <= segmentBytesMax, 'a segment passes its limit')
  return bytes
}

/** Reads a segment from outside: every hash computed anew, the signature checked; throws a typed error otherwise. */
export function decodeSegment(crypto: Verifying, bytes: Uint8Array): Segment {
  return checkSegment(crypto, decodeSegmentUnchecked(crypto, bytes))
}

/** The segment itself, whose hashes were computed from its bytes; throws 'bad-signature' where its device did not sign them. */
export function checkSegment(crypto: Verifying, segment: Segment): Segment {
  const last = segment.changes[segment.changes.length - 1] as Change
  if (!crypto.ed25519Verify(segment.signature, segmentToSign(last.hash), segment.device)) {
    throw new KithError('bad-signature', 'The signature of a segment does not match its changes. It was refused.')
  }
  return segment
}

/** The same for what this device checked and stored itself: hashes are computed, the signature is not checked. */
export function decodeSegmentUnchecked(crypto: Hashing, bytes: Uint8Array): Segment {
  if (bytes.length > segmentBytesMax) throw new KithError('too-large', 'A segment passes its limit.')
  const fields = decodeCbor(bytes)
  if (!isList(fields) || fields.length !== 10) throw badSegment('It is not an array of 10 fields')
  const [version, suiteNumber, space, device, epoch, seq, prev, time, items, signature] = fields
  if (version !== formatVersion || suiteNumber !== suite) {
    throw new KithError('protocol-version', 'A segment is of another version or suite of the protocol. Update Kith.')
  }
  if (!isHash(space) || !isHash(device) || !isHash(epoch) || !isHash(prev)) throw badSegment('hashes')
  if (!(signature instanceof Uint8Array) || signature.length !== 64) throw badSegment('signature')
  if (!(time instanceof Uint8Array)) throw badSegment('time')
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 0) throw badSegment('seq')
  if (!isList(items) || items.length === 0) throw badSegment('no changes')
  if (items.length > segmentChangesMax) throw new KithError('too-large', 'A segment has too many changes.')
  const start: Run = { space, device, epoch, seq, prev, time: bytesToTime(time) }
  const changes = readItems(crypto, start, items)
  return changesToSegment(changes[0] as Change, changes, signature)
}

type Run = Pick<Header, 'space' | 'device' | 'epoch' | 'seq' | 'prev' | 'time'>

function readItems(crypto: Hashing, start: Run, items: readonly CborValue[]): Change[] {
  const { device, epoch } = start
  let { space } = start
  const changes: Change[] = []
  let common = noCommon
  let { seq, prev, time } = start
  for (const item of items) {
    if (!isList(item) || item.length < 2 || item.length > 3) throw badSegment('an item')
    time = readStep(time, item[0], changes.length === 0)
    common = readCommon(common, item[2], changes.length === 0)
    const { kind, deps, grant, admission, schema } = common
    const header: Header = { kind, space, device, seq, prev, deps, grant, admission, epoch, schema, time }
    if (changes.length === 0) checkHeaderShape(header)
    else if (kind === kinds.genesis) throw badSegment('a genesis that begins nothing')
    const { body, bodyHash } = readBody(crypto, item[1])
    const hash = hashHeader(crypto, header, bodyHash)
    changes.push({ header, hash, bodyHash, body })
    seq++
    prev = hash
    if (space.length === 0) space = hash
  }
  if (!Number.isSafeInteger(seq)) throw badSegment('seq')
  return changes
}

type Common = Pick<Header, 'kind' | 'deps' | 'grant' | 'admission' | 'schema'>
const noCommon: Common = { kind: -1, deps: noDeps, grant: noBytes, admission: noBytes, schema: noBytes }

/** What an item shares with the one before, and what its patch says of it. */
function readCommon(last: Common, patch: unknown, isFirst: boolean): Common {
  if (patch === undefined) {
    if (isFirst) throw badSegment('the first item has no patch')
    const { membership, content } = last.deps
    return content.length === 0 ? last : { ...last, deps: { membership, content: noDeps.content } }
  }
  if (!isList(patch) || patch.length !== 6) throw badSegment('a patch')
  if (isFirst && patch.some((value, at) => value === null && at !== 2)) throw badSegment('the first patch has gaps')
  const [kind, membership, content, grant, admission, schema] = patch
  if (kind !== null) {
    if (typeof kind !== 'number' || !Number.isInteger(kind) || kind < 0 || kind > kindMax) throw badSegment('kind')
    if (!isFirst && kindToChain(kind) !== kindToChain(last.kind)) throw badSegment('two chains in one segment')
  }
  const deps: Deps = {
    membership: membership === null ? last.deps.membership : toHeads(membership, 'deps'),
    content: content === null ? noDeps.content : toHeads(content, 'deps'),
  }
  return {
    kind: kind ?? last.kind,
    deps,
    grant: readHash(grant, last.grant),
    admission: readHash(admission, last.admission),
    schema: readHash(schema, last.schema),
  }
}

function readHash(value: CborValue | undefined, last: Uint8Array): Uint8Array {
  if (value === null) return last
  if (!isHash(value)) throw badSegment('a hash in a patch')
  return value
}

function readStep(last: Time, step: unknown, isFirst: boolean): Time {
  let time: Time
  if (typeof step === 'number') {
    time = isFirst ? last : { ms: last.ms + step, counter: step === 0 ? last.counter + 1 : 0 }
    if (isFirst && step !== 0) throw badSegment('the first step')
  } else {
    if (isFirst || !isList(step) || step.length !== 2) throw badSegment('a time step')
    const [ms, counter] = step
    if (typeof ms !== 'number' || typeof counter !== 'number') throw badSegment('a time step')
    time = { ms: last.ms + ms, counter }
  }
  if (!isTime(time)) throw badSegment('a time out of range')
  return time
}

function readBody(crypto: Hashing, value: unknown): { body: Uint8Array | undefined; bodyHash: Uint8Array } {
  if (value instanceof Uint8Array) {
    if (value.length > bodyBytesMax) throw new KithError('too-large', 'A change is larger than a change may be.')
    return { body: value, bodyHash: crypto.sha256(value) }
  }
  if (!isList(value) || value.length !== 1) throw badSegment('a body')
  const hash = value[0]
  if (!(hash instanceof Uint8Array) || hash.length !== 32) throw badSegment('the hash of a body')
  return { body: undefined, bodyHash: hash }
}

function changeToItem(change: Change, last: Header | undefined): CborValue[] {
  const { header } = change
  const body = change.body ?? [change.bodyHash]
  if (last === undefined) {
    const { kind, deps, grant, admission, schema } = header
    return [0, body, [kind, deps.membership, deps.content.length > 0 ? deps.content : null, grant, admission, schema]]
  }
  const patch = headerToPatch(header, last)
  return patch === undefined ? [toStep(last.time, header.time), body] : [toStep(last.time, header.time), body, patch]
}

function toStep(last: Time, time: Time): CborValue {
  const ms = time.ms - last.ms
  const usual = ms === 0 ? last.counter + 1 : 0
  return time.counter === usual ? ms : [ms, time.counter]
}

function headerToPatch(header: Header, last: Header): CborValue[] | undefined {
  const { kind, deps, grant, admission, schema } = header
  const isSame =
    kind === last.kind &&
    deps.content.length === 0 &&
    isSameHash(grant, last.grant) &&
    isSameHash(admission, last.admission) &&
    isSameHash(schema, last.schema) &&
    isSameHeads(deps.membership, last.deps.membership)
  if (isSame) return undefined
  return [
    kind === last.kind ? null : kind,
    isSameHeads(deps.membership, last.deps.membership) ? null : deps.membership,
    deps.content.length > 0 ? deps.content : null,
    isSameHash(grant, last.grant) ? null : grant,
    isSameHash(admission, last.admission) ? null : admission,
    isSameHash(schema, last.schema) ? null : schema,
  ]
}

function changesToSegment(first: Change, changes: readonly Change[], signature: Uint8Array): Segment {
  const { device, epoch, kind } = first.header
  return { space: changeToSpace(first), device, chain: kindToChain(kind), epoch, changes, signature }
}

function assertRun(changes: readonly Change[]): void {
  const { header: first } = changes[0] as Change
  const space = changeToSpace(changes[0] as Change)
  assert(changes.length <= segmentChangesMax, 'a segment has too many changes')
  for (let at = 1; at < changes.length; at++) {
    const before = changes[at - 1] as Change
    const { header } = changes[at] as Change
    assert(header.seq === before.header.seq + 1 && isSameHash(header.prev, before.hash), 'a segment has a gap')
    assert(kindToChain(header.kind) === kindToChain(first.kind), 'a segment is of one chain')
    assert(isSameHash(header.device, first.device), 'a segment is of one device')
    assert(isSameHash(header.epoch, first.epoch), 'a segment is of one epoch')
    assert(isSameHash(header.space, space), 'a segment is of one space')
  }
}

/** The id of the space that a change is part of: a genesis is its own. */
function changeToSpace({ header, hash }: Change): Uint8Array {
  return header.kind === kinds.genesis ? hash : header.space
}

function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || equalBytes(a, b)
}

function isSameHeads(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a === b || (a.length === b.length && a.every((head, at) => isSameHash(head, b[at] as Uint8Array)))
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && (value.length === 32 || value.length === 0)
}

function badSegment(what: string): KithError {
  return new KithError('bad-encoding', `A segment is malformed (${what}). It was refused.`)
}
