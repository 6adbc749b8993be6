import { assert, type CborValue, encodeCbor, utf8 } from '../bytes/index.ts'
import { channelPurposes } from '../crypto/channel/index.ts'
import { frameBytesMax } from '../limits/index.ts'
import { hubAccesses } from './access.ts'
import {
  type ClientMessage,
  entriesStates,
  type HubMessage,
  messageCodes,
  type Proof,
  type PullItem,
  pullModes,
} from './message.ts'
import { policyToValue, rights } from './policy.ts'
import { isRefusal, type Refusal, refusalCodes } from './refusal.ts'

/** Code of a proof that is a ticket; those of signatures are the rights' 0 to 2. */
export const ticketProofCode = 3

export const followBit = 1
export const idsOnlyBit = 2

const nothing = new Uint8Array(0)

/** One binary WebSocket message. Whoever fills the lists keeps them under the limits; passing them is a defect. */
export function clientMessageToFrame(message: ClientMessage): Uint8Array {
  return toFrame([messageCodes[message.type], message.request, ...clientFields(message)])
}

export function hubMessageToFrame(message: HubMessage): Uint8Array {
  return toFrame([messageCodes[message.type], ...hubFields(message)])
}

function toFrame(value: CborValue): Uint8Array {
  const frame = encodeCbor(value)
  assert(frame.length <= frameBytesMax, `a frame of ${frame.length} bytes passes the limit`)
  return frame
}

function clientFields(message: ClientMessage): CborValue[] {
  switch (message.type) {
    case 'open': {
      const { resumption } = message
      return [
        resumption === undefined ? [] : [resumption.publicKey, resumption.signature],
        message.logs.map((log) => [policyToValue(log.policy), log.proofs.map(proofToValue)]),
      ]
    }
    case 'put':
      return [message.puts.map((put) => [put.log, put.lane, put.entries, put.covers])]
    case 'pull':
      return [message.pulls.map(pullToValue)]
    case 'signal':
      return [message.signals.map((signal) => [signal.log, signal.to ?? nothing, signal.bytes])]
    case 'trim':
      return [message.trims.map((trim) => [trim.log, trim.ids])]
    case 'terms':
      return [[...message.logs]]
    case 'join':
      return [[message.code, message.member, message.signature]]
    case 'issue':
      return [[message.member, message.signature, message.requests]]
    case 'pay':
      return [
        message.pays.map(({ log, tokens, works }) => [
          log,
          tokens,
          works.map(({ bits, expiresMs, nonce }) => [bits, expiresMs, nonce]),
        ]),
      ]
    case 'channel':
      return [[channelPurposes[message.purpose], message.handshake]]
    case 'carry':
      return [[utf8(message.url), message.hubKey]]
  }
}

function proofToValue(proof: Proof): CborValue {
  return 'ticket' in proof ? [ticketProofCode, proof.ticket] : [rights.indexOf(proof.right), proof.signature]
}

function pullToValue(pull: PullItem): CborValue {
  const options = (pull.follow ? followBit : 0) | (pull.idsOnly ? idsOnlyBit : 0)
  return [
    pull.log,
    pull.lane,
    pullModes.indexOf(pull.mode),
    pull.generation ?? nothing,
    pull.n,
    pull.limit,
    options,
    pull.ids,
  ]
}

function hubFields(message: HubMessage): CborValue[] {
  switch (message.type) {
    case 'hello': {
      const { limits } = message
      return [
        message.version,
        message.hubKey,
        message.nonce,
        message.timeMs,
        [
          limits.frameBytesMax,
          limits.entryBytesMax,
          limits.logsPerOpenMax,
          limits.logsPerConnectionMax,
          limits.logBytesMax,
          limits.logEntriesMax,
        ],
      ]
    }
    case 'opened':
      return answer(message.request, message.results, (log) => [
        log.generation,
        log.rights,
        log.name,
        log.ticket ?? nothing,
      ])
    case 'stored':
      return answer(message.request, message.results, (stored) => [stored.generation, stored.numbers])
    case 'pulling':
      return answer(message.request, message.results, (pull) => [pull.generation, pull.news ? 1 : 0])
    case 'done':
      return answer(message.request, message.results, () => [])
    case 'told': {
      const { access, tokensPerPeriod, roomBytes, keys } = message.terms
      const told = keys.map(({ modulus, closesMs, endsMs }) => [modulus, closesMs, endsMs])
      const [request, results] = answer(message.request, message.results, ({ bits, expiresMs, seed }) => [
        bits,
        expiresMs,
        seed,
      ])
      return [request!, [hubAccesses.indexOf(access), tokensPerPeriod, roomBytes, told], results!]
    }
    case 'issued':
      return answer(message.request, message.results, ({ signature }) => [signature])
    case 'channelled':
      return answer(message.request, message.results, ({ handshake }) => [handshake])
    case 'entries':
      return [
        message.request,
        message.log,
        message.lane,
        message.generation,
        entriesStates.indexOf(message.state),
        message.entries.map((entry) => [entry.n, entry.id, entry.bytes]),
      ]
    case 'heard':
      return [message.log, message.from, message.bytes]
    case 'goodbye':
      return [refusalCodes[message.why.refused], message.why.waitMs]
  }
}

/** A result is [0, …fields], or [code, waitMs] for a refusal. */
function answer<Result extends object>(
  request: number,
  results: readonly (Result | Refusal)[],
  fields: (result: Result) => CborValue[],
): CborValue[] {
  return [
    request,
    results.map((result) =>
      isRefusal(result) ? [refusalCodes[result.refused], result.waitMs] : [0, ...fields(result)],
    ),
  ]
}
