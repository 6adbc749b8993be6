/**
 * How a device shows that it belongs to an address, in a few hundred bytes and without the person's whole chain: the
 * genesis, whose hash the address holds (so it needs no signature), and the run that begins with each admission between the first
 * device and this one, cut from the segment it was signed in.
 *
 * It proves that the person has admitted the device, not that the person has not revoked it since: whoever knows of a revocation
 * from a space must not trust the device, whatever its lineage says.
 */
import { type CborValue, decodeCbor, encodeCbor, equalBytes, isList, KithError } from '../bytes/index.ts'
import {
  bytesToTime,
  type Change,
  createChange,
  decodeSegment,
  encodeSegment,
  type Header,
  kinds,
  noBytes,
  noDeps,
  type Segment,
  timeToBytes,
} from '../change/index.ts'
import { lineageBytesMax, lineageStepsMax } from '../limits/index.ts'
import { createAddress, decodeAdmission, decodeGenesis } from '../membership/index.ts'
import type { Hashing, Verifying } from '../ports/index.ts'

/** What a lineage proves. */
export type Lineage = {
  /** The person's id: the hash of the genesis. */
  readonly person: Uint8Array
  readonly address: Uint8Array
  /** The device at its end: the one that signs. */
  readonly device: Uint8Array
  /** The genesis and the admissions: a revocation that names one of them ends what comes after. */
  readonly admissions: readonly Uint8Array[]
}

/**
 * The lineage of one's own device. `segments` are those of the person's own log, in any order.
 *
 * @throws KithError `not-found` (the device is not admitted by these), `too-large`.
 */
export function createLineage(person: Uint8Array, admission: Uint8Array, segments: readonly Segment[]): Uint8Array {
  const runs: Uint8Array[] = []
  let at = admission
  while (!equalBytes(at, person)) {
    const found = findRun(segments, at)
    if (runs.length === lineageStepsMax) throw tooLong()
    runs.unshift(encodeSegment(found.run))
    at = found.change.header.admission
  }
  const { change: genesis } = findRun(segments, person)
  const { device, time } = genesis.header
  const bytes = encodeCbor([device, timeToBytes(time), bodyOf(genesis), runs])
  if (bytes.length > lineageBytesMax) throw tooLong()
  return bytes
}

/** @throws KithError `bad-encoding`, `bad-signature`, `bad-key`, `too-large`: then nobody's device is shown. */
export function openLineage(crypto: Verifying, bytes: Uint8Array): Lineage {
  if (bytes.length > lineageBytesMax) throw tooLong()
  const value = decodeCbor(bytes)
  if (!isList(value) || value.length !== 4) throw badLineage()
  const [device, time, body, runs] = value
  if (!(device instanceof Uint8Array) || !(time instanceof Uint8Array) || !(body instanceof Uint8Array))
    throw badLineage()
  if (!isList(runs)) throw badLineage()
  if (runs.length > lineageStepsMax) throw tooLong()
  const first = openGenesis(crypto, device, time, body)
  const admissions = [first.person]
  let signer = { device, admission: first.person }
  for (const run of runs) {
    signer = openStep(crypto, run, first, signer)
    admissions.push(signer.admission)
  }
  return { person: first.person, address: first.address, device: signer.device, admissions }
}

type First = { readonly person: Uint8Array; readonly address: Uint8Array; readonly recovery: Uint8Array }

function openGenesis(crypto: Hashing, device: Uint8Array, time: Uint8Array, body: Uint8Array): First {
  if (device.length !== 32) throw badLineage()
  const genesis = decodeGenesis(body)
  if (genesis.type !== 'person') throw badLineage()
  const header: Header = {
    kind: kinds.genesis,
    space: noBytes,
    device,
    seq: 0,
    prev: noBytes,
    deps: noDeps,
    grant: noBytes,
    admission: noBytes,
    epoch: noBytes,
    schema: noBytes,
    time: bytesToTime(time),
  }
  const { hash } = createChange(crypto, header, body)
  return { person: hash, address: createAddress(genesis.addressKey, hash), recovery: genesis.recovery.signing }
}

/** One admission: by the device before it, or by the recovery key. */
function openStep(
  crypto: Verifying,
  bytes: CborValue,
  { person, recovery }: First,
  before: { readonly device: Uint8Array; readonly admission: Uint8Array },
): { device: Uint8Array; admission: Uint8Array } {
  if (!(bytes instanceof Uint8Array)) throw badLineage()
  const [change] = decodeSegment(crypto, bytes).changes
  if (change === undefined) throw badLineage()
  const { header, body, hash } = change
  if (header.kind !== kinds.admission || body === undefined || !equalBytes(header.space, person)) throw badLineage()
  // In a person's own space the admission is the grant.
  if (!equalBytes(header.grant, header.admission)) throw badLineage()
  const isByDevice = equalBytes(header.device, before.device) && equalBytes(header.admission, before.admission)
  const isByRecovery = equalBytes(header.device, recovery) && equalBytes(header.admission, person)
  if (!isByDevice && !isByRecovery) throw badLineage()
  return { device: decodeAdmission(body).device, admission: hash }
}

/** The change of this hash with what was signed after it: bodies that nobody needs for this are left out. */
function findRun(segments: readonly Segment[], hash: Uint8Array): { change: Change; run: Segment } {
  for (const segment of segments) {
    const at = segment.changes.findIndex((change) => equalBytes(change.hash, hash))
    const change = segment.changes[at]
    if (change === undefined) continue
    const changes = segment.changes.slice(at).map((one) => (one === change ? one : { ...one, body: undefined }))
    return { change, run: { ...segment, changes } }
  }
  throw new KithError('not-found', 'The changes that admit this device are not here yet. Wait until it has synced.')
}

function bodyOf({ body }: Change): Uint8Array {
  if (body === undefined) throw new KithError('not-found', 'The beginning of this person is not here.')
  return body
}

function badLineage(): KithError {
  return new KithError('bad-signature', 'The sender does not show that the device belongs to the address.')
}

function tooLong(): KithError {
  return new KithError('too-large', 'Too many devices lie between this one and the first of the person.', {
    lineageStepsMax,
    lineageBytesMax,
  })
}
