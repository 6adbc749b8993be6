import { channelPurposes, handshakeBytes } from '../crypto/channel/index.ts'
import {
  carriedUrlBytesMax,
  entriesPerFrameMax,
  entryBytesMax,
  frameBytesMax,
  idsPerItemMax,
  laneMax,
  logsPerOpenMax,
  paymentsPerLogMax,
  proofsPerLogMax,
  pullsPerFrameMax,
  putsPerFrameMax,
  requestNumberMax,
  signalBytesMax,
  signalsPerFrameMax,
  termsPerFrameMax,
  tokensPerIssueMax,
  trimsPerFrameMax,
} from '../limits/index.ts'
import { inviteCodeBytes, type PayItem } from './access.ts'
import { followBit, idsOnlyBit } from './encode.ts'
import {
  type ClientMessage,
  generationBytes,
  type Lane,
  type LaneCursor,
  listenerNameBytes,
  messageCodes,
  type OpenItem,
  type Proof,
  type PullItem,
  type PutItem,
  pullModes,
  type ResumeFields,
  type ResumeItem,
  type Resumption,
} from './message.ts'
import { readPolicy, rights } from './policy.ts'
import { bad, createFrameReader, type FrameReader, tooLarge } from './reader.ts'
import { fromKindAndRights, hasRight, kindAndRightsMax, ticketBytes } from './ticket.ts'
import { tokenBytes, tokenRequestBytes } from './token.ts'
import { workNonceBytes } from './work.ts'

/**
 * What a client sent. Byte strings are views into `frame`. Throws 'too-large' for a frame or a list past its limit and
 * 'bad-encoding' for anything else that is not one whole message; policies and proofs are in shape, but not checked.
 */
export function frameToClientMessage(frame: Uint8Array): ClientMessage {
  if (frame.length > frameBytesMax) throw tooLarge('a frame', frame.length, frameBytesMax)
  const reader = createFrameReader(frame)
  const length = reader.list(4)
  const code = reader.integer()
  if (length !== (code === messageCodes.open ? 4 : 3)) throw bad('a message is of another length')
  const request = reader.integer(requestNumberMax)
  if (request === 0) throw bad('a request has the number 0')
  const message = readFields(reader, code, request)
  reader.end()
  return message
}

function readFields(reader: FrameReader, code: number, request: number): ClientMessage {
  switch (code) {
    case messageCodes.open: {
      const resumption = readResumption(reader)
      return { type: 'open', request, resumption, logs: readList(reader, logsPerOpenMax, readOpenItem) }
    }
    case messageCodes.resume:
      return { type: 'resume', request, ...readResume(reader) }
    case messageCodes.put:
      return { type: 'put', request, puts: readPuts(reader) }
    case messageCodes.pull:
      return { type: 'pull', request, pulls: readList(reader, pullsPerFrameMax, readPullItem) }
    case messageCodes.signal:
      return {
        type: 'signal',
        request,
        signals: readList(reader, signalsPerFrameMax, () => {
          reader.array(3)
          const log = reader.fixedBytes(32)
          const to = reader.optionalBytes(listenerNameBytes)
          return { log, to, bytes: reader.bytes(signalBytesMax) }
        }),
      }
    case messageCodes.trim:
      return {
        type: 'trim',
        request,
        trims: readList(reader, trimsPerFrameMax, () => {
          reader.array(2)
          return { log: reader.fixedBytes(32), ids: readIds(reader) }
        }),
      }
    case messageCodes.terms:
      return { type: 'terms', request, logs: readList(reader, termsPerFrameMax, () => reader.fixedBytes(32)) }
    case messageCodes.join:
      reader.array(3)
      return {
        type: 'join',
        request,
        code: reader.fixedBytes(inviteCodeBytes),
        member: reader.fixedBytes(32),
        signature: reader.fixedBytes(64),
      }
    case messageCodes.issue:
      reader.array(3)
      return {
        type: 'issue',
        request,
        member: reader.fixedBytes(32),
        signature: reader.fixedBytes(64),
        requests: readList(reader, tokensPerIssueMax, () => reader.fixedBytes(tokenRequestBytes)),
      }
    case messageCodes.pay:
      return { type: 'pay', request, pays: readList(reader, termsPerFrameMax, readPayItem) }
    case messageCodes.channel: {
      reader.array(2)
      const purpose = reader.integer(channelPurposes.wrap) === channelPurposes.wrap ? 'wrap' : 'prove'
      return { type: 'channel', request, purpose, handshake: reader.fixedBytes(handshakeBytes) }
    }
    case messageCodes.carry:
      reader.array(2)
      return { type: 'carry', request, url: readUrl(reader), hubKey: reader.fixedBytes(32) }
    default:
      throw bad('the kind of message is unknown')
  }
}

/** Printable ASCII, as addresses are written: a name in another script has its form in it (RFC 3492). */
function readUrl(reader: FrameReader): string {
  const bytes = reader.bytes(carriedUrlBytesMax)
  if (bytes.some((byte) => byte <= 0x20 || byte >= 0x7f)) throw bad('an address holds what addresses do not')
  return String.fromCharCode(...bytes)
}

function readPayItem(reader: FrameReader): PayItem {
  reader.array(3)
  return {
    log: reader.fixedBytes(32),
    tokens: readList(reader, paymentsPerLogMax, () => reader.fixedBytes(tokenBytes)),
    works: readList(reader, paymentsPerLogMax, () => {
      reader.array(3)
      return { bits: reader.integer(255), expiresMs: reader.integer(), nonce: reader.fixedBytes(workNonceBytes) }
    }),
  }
}

function readResume(reader: FrameReader): ResumeFields {
  reader.array(5)
  return {
    resumption: { publicKey: reader.fixedBytes(32), signature: reader.fixedBytes(64) },
    ticket: reader.fixedBytes(ticketBytes),
    generation: reader.optionalBytes(generationBytes),
    logs: readList(reader, logsPerOpenMax, readResumeItem),
  }
}

/** A log that is named for the ticket's sake alone has two elements. */
function readResumeItem(reader: FrameReader): ResumeItem {
  const length = reader.list(4)
  if (length !== 2 && length !== 4) throw bad('a log to be resumed is of another length')
  const log = reader.fixedBytes(32)
  const { kind, rights: set } = fromKindAndRights(reader.integer(kindAndRightsMax))
  return { log, kind, rights: set, cursors: length === 2 ? undefined : readCursors(reader, set) }
}

/** The lanes by their bits, and for each a number and a mark. */
function readCursors(reader: FrameReader, set: number): LaneCursor[] {
  const bits = reader.integer(2 ** (laneMax + 1) - 1)
  if (bits > 0 && !hasRight(set, 'read')) throw bad('only who may read can follow')
  const length = reader.list(2 * (laneMax + 1))
  const cursors: LaneCursor[] = []
  for (let lane = 0; lane <= laneMax; lane += 1) {
    if ((bits & (1 << lane)) === 0) continue
    const n = reader.integer()
    const mark = reader.integer()
    if (n === 0 && mark !== 0) throw bad('nothing has a mark')
    cursors.push({ lane: lane as Lane, n, mark })
  }
  if (length !== 2 * cursors.length) throw bad('a list has another length than its lanes')
  return cursors
}

function readResumption(reader: FrameReader): Resumption | undefined {
  if (reader.list(2) === 0) return undefined
  return { publicKey: reader.fixedBytes(32), signature: reader.fixedBytes(64) }
}

function readOpenItem(reader: FrameReader): OpenItem {
  reader.array(2)
  return { policy: readPolicy(reader), proofs: readList(reader, proofsPerLogMax, readProof) }
}

function readProof(reader: FrameReader): Proof {
  reader.array(2)
  return { right: rights[reader.integer(rights.length - 1)]!, signature: reader.fixedBytes(64) }
}

/** The entries of all items together are bounded, not only those of each. */
function readPuts(reader: FrameReader): PutItem[] {
  let entriesLeft = entriesPerFrameMax
  return readList(reader, putsPerFrameMax, () => {
    reader.array(4)
    const log = reader.fixedBytes(32)
    const lane = readLane(reader)
    const entries = readList(reader, entriesLeft, () => {
      const entry = reader.bytes(entryBytesMax)
      if (entry.length === 0) throw bad('an entry is empty')
      return entry
    })
    entriesLeft -= entries.length
    const covers = readIds(reader)
    if (covers.length > 0 && lane !== 1) throw bad('only packs cover entries')
    return { log, lane, entries, covers }
  })
}

function readPullItem(reader: FrameReader): PullItem {
  reader.array(8)
  const log = reader.fixedBytes(32)
  const lane = readLane(reader)
  const mode = pullModes[reader.integer(pullModes.length - 1)]!
  const generation = reader.optionalBytes(generationBytes)
  const n = reader.integer()
  const limit = reader.integer()
  const options = reader.integer(followBit | idsOnlyBit)
  const ids = readIds(reader)
  const follow = (options & followBit) !== 0
  const idsOnly = (options & idsOnlyBit) !== 0
  if (follow && (mode !== 'after' || limit !== 0 || idsOnly))
    throw bad('only a whole and unlimited pull upwards can follow')
  if ((mode === 'ids') !== ids.length > 0) throw bad('ids are named by the pull that asks for them, and only there')
  return { log, lane, mode, generation, n, limit, follow, idsOnly, ids }
}

export function readLane(reader: FrameReader): Lane {
  return reader.integer(laneMax) as Lane
}

function readIds(reader: FrameReader): Uint8Array[] {
  return readList(reader, idsPerItemMax, () => reader.fixedBytes(32))
}

export function readList<Item>(
  reader: FrameReader,
  lengthMax: number,
  readItem: (reader: FrameReader) => Item,
): Item[] {
  const length = reader.list(lengthMax)
  const items: Item[] = []
  for (let count = 0; count < length; count += 1) items.push(readItem(reader))
  return items
}
