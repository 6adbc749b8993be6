import { KithError } from '../bytes/index.ts'
import { handshakeBytes } from '../crypto/channel/index.ts'
import {
  entriesPerFrameMax,
  entryBytesMax,
  frameBytesMax,
  logsPerOpenMax,
  pullsPerFrameMax,
  putsPerFrameMax,
  requestNumberMax,
  signalBytesMax,
  termsPerFrameMax,
  tokenKeysMax,
  tokensPerIssueMax,
  tokensPerPeriodMax,
} from '../limits/index.ts'
import { type HubTerms, hubAccesses } from './access.ts'
import { readLane, readList } from './decode-client.ts'
import {
  entriesStates,
  generationBytes,
  type Hello,
  type HubMessage,
  listenerNameBytes,
  messageCodes,
  type NotFollowed,
  protocolVersion,
} from './message.ts'
import { bad, createFrameReader, type FrameReader, tooLarge } from './reader.ts'
import { codeToReason, type Refusal } from './refusal.ts'
import { ticketBytes } from './ticket.ts'
import { isTokenModulus, tokenModulusBytes } from './token.ts'
import { workSeedBytes } from './work.ts'

/** Lengths of the messages as arrays, by code; the version of a hello is read before its length counts. */
const lengths: Readonly<Record<number, number>> = {
  [messageCodes.opened]: 4,
  [messageCodes.resumed]: 3,
  [messageCodes.stored]: 3,
  [messageCodes.pulling]: 3,
  [messageCodes.done]: 3,
  [messageCodes.entries]: 7,
  [messageCodes.heard]: 4,
  [messageCodes.goodbye]: 3,
  [messageCodes.told]: 4,
  [messageCodes.issued]: 3,
  [messageCodes.channelled]: 3,
}

/**
 * What a hub sent. Byte strings are views into `frame`. Throws 'too-large', 'bad-encoding', and 'protocol-version' for the hello of
 * another version, of which only the first two elements are read.
 */
export function frameToHubMessage(frame: Uint8Array): HubMessage {
  if (frame.length > frameBytesMax) throw tooLarge('a frame', frame.length, frameBytesMax)
  const reader = createFrameReader(frame)
  const length = reader.list(64)
  const code = reader.integer()
  if (code === messageCodes.hello) return readHello(reader, length)
  if (length !== lengths[code]) throw bad('a message is of another length or unknown')
  const message = readFields(reader, code)
  reader.end()
  return message
}

function readHello(reader: FrameReader, length: number): Hello {
  const version = reader.integer()
  if (version !== protocolVersion) {
    throw new KithError(
      'protocol-version',
      `The hub speaks version ${version} of the protocol, this program version ${protocolVersion}. Update the older one.`,
      { version },
    )
  }
  if (length !== 6) throw bad('a hello is of another length')
  const hubKey = reader.fixedBytes(32)
  const nonce = reader.fixedBytes(32)
  const timeMs = reader.integer()
  reader.array(6)
  const limits = {
    frameBytesMax: reader.integer(frameBytesMax),
    entryBytesMax: reader.integer(entryBytesMax),
    logsPerOpenMax: reader.integer(logsPerOpenMax),
    logsPerConnectionMax: reader.integer(),
    logBytesMax: reader.integer(),
    logEntriesMax: reader.integer(),
  }
  reader.end()
  if (limits.frameBytesMax < 1024 || limits.logsPerOpenMax === 0) throw bad('the limits leave room for nothing')
  // A hello is kept as long as the connection: it must not hold on to the socket's buffer.
  return { type: 'hello', version, hubKey: hubKey.slice(), nonce: nonce.slice(), timeMs, limits }
}

function readFields(reader: FrameReader, code: number): HubMessage {
  switch (code) {
    case messageCodes.opened: {
      const request = reader.integer(requestNumberMax)
      const ticket = reader.optionalBytes(ticketBytes)?.slice()
      const results = readResults(reader, logsPerOpenMax, 3, () => {
        const generation = reader.fixedBytes(generationBytes).slice()
        return { generation, rights: reader.integer(7) }
      })
      return { type: 'opened', request, ticket, results }
    }
    case messageCodes.resumed:
      return {
        type: 'resumed',
        ...readAnswer(reader, 1, 3, () => {
          const generation = reader.fixedBytes(generationBytes).slice()
          return { generation, others: readNotFollowed(reader) }
        }),
      }
    case messageCodes.stored:
      return {
        type: 'stored',
        ...readAnswer(reader, putsPerFrameMax, 3, () => {
          const generation = reader.fixedBytes(generationBytes).slice()
          return { generation, numbers: readList(reader, entriesPerFrameMax, () => reader.integer()) }
        }),
      }
    case messageCodes.pulling:
      return {
        type: 'pulling',
        ...readAnswer(reader, pullsPerFrameMax, 3, () => {
          const generation = reader.fixedBytes(generationBytes).slice()
          return { generation, news: reader.integer(1) === 1 }
        }),
      }
    case messageCodes.done:
      return { type: 'done', ...readAnswer(reader, pullsPerFrameMax, 1, () => ({ done: true as const })) }
    case messageCodes.told: {
      const request = reader.integer(requestNumberMax)
      const terms = readTerms(reader)
      const results = readResults(reader, termsPerFrameMax, 4, () => {
        const bits = reader.integer(255)
        const expiresMs = reader.integer()
        return { bits, expiresMs, seed: reader.fixedBytes(workSeedBytes).slice() }
      })
      return { type: 'told', request, terms, results }
    }
    case messageCodes.issued:
      return {
        type: 'issued',
        ...readAnswer(reader, tokensPerIssueMax, 2, () => ({
          signature: reader.fixedBytes(tokenModulusBytes).slice(),
        })),
      }
    case messageCodes.channelled:
      return {
        type: 'channelled',
        ...readAnswer(reader, 1, 2, () => ({ handshake: reader.fixedBytes(handshakeBytes).slice() })),
      }
    case messageCodes.entries:
      return readEntries(reader)
    case messageCodes.heard: {
      const log = reader.fixedBytes(32)
      const from = reader.fixedBytes(listenerNameBytes).slice()
      return { type: 'heard', log, from, bytes: reader.bytes(signalBytesMax) }
    }
    case messageCodes.goodbye: {
      const reason = reader.integer()
      return { type: 'goodbye', why: { refused: codeToReason(reason), waitMs: reader.integer() } }
    }
    default:
      throw bad('the kind of message is unknown')
  }
}

function readNotFollowed(reader: FrameReader): NotFollowed[] {
  let before = -1
  return readList(reader, logsPerOpenMax, () => {
    reader.array(3)
    const at = reader.integer(logsPerOpenMax - 1)
    if (at <= before) throw bad('a list is not ascending')
    before = at
    const code = reader.integer()
    const waitMs = reader.integer()
    if (code === 0 && waitMs > 0) throw bad('news is nothing to wait for')
    return { at, why: code === 0 ? undefined : { refused: codeToReason(code), waitMs } }
  })
}

/** The rest of an answer: its request and results. A result has `length` elements if granted, 2 if refused. */
function readAnswer<Result>(
  reader: FrameReader,
  resultsMax: number,
  length: number,
  readGranted: () => Result,
): { request: number; results: (Result | Refusal)[] } {
  const request = reader.integer(requestNumberMax)
  return { request, results: readResults(reader, resultsMax, length, readGranted) }
}

function readResults<Result>(
  reader: FrameReader,
  resultsMax: number,
  length: number,
  readGranted: () => Result,
): (Result | Refusal)[] {
  return readList(reader, resultsMax, () => {
    const found = reader.list(length > 2 ? length : 2)
    const code = reader.integer()
    if (found !== (code === 0 ? length : 2)) throw bad('a result is of another length')
    return code === 0 ? readGranted() : { refused: codeToReason(code), waitMs: reader.integer() }
  })
}

function readTerms(reader: FrameReader): HubTerms {
  reader.array(4)
  const access = hubAccesses[reader.integer(hubAccesses.length - 1)]!
  const tokensPerPeriod = reader.integer(tokensPerPeriodMax)
  const roomBytes = reader.integer()
  const keys = readList(reader, tokenKeysMax, () => {
    reader.array(3)
    const modulus = reader.fixedBytes(tokenModulusBytes).slice()
    if (!isTokenModulus(modulus)) throw bad('a token key is none of 2,048 bits')
    return { modulus, closesMs: reader.integer(), endsMs: reader.integer() }
  })
  return { access, tokensPerPeriod, roomBytes, keys }
}

function readEntries(reader: FrameReader): HubMessage {
  const request = reader.integer(requestNumberMax)
  const log = reader.fixedBytes(32)
  const lane = readLane(reader)
  const generation = reader.fixedBytes(generationBytes).slice()
  const state = entriesStates[reader.integer(entriesStates.length - 1)]!
  const entries = readList(reader, entriesPerFrameMax, () => {
    reader.array(3)
    const n = reader.integer()
    const id = reader.fixedBytes(32)
    return { n, id, bytes: reader.bytes(entryBytesMax) }
  })
  return { type: 'entries', request, log, lane, generation, state, entries }
}
