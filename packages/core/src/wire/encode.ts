import { assert, type CborValue, encodeCbor, utf8 } from '../bytes/index.ts'
import { channelPurposes } from '../crypto/channel/index.ts'
import { frameBytesMax } from '../limits/index.ts'
import { hubAccesses } from './access.ts'
import {
  type ClientMessage,
  entriesStates,
  type HubMessage,
  messageCodes,
  type NotFollowed,
  type PullItem,
  pullModes,
  type ResumeFields,
  type ResumeItem,
} from './message.ts'
import { policyToValue, rights } from './policy.ts'
import { isRefusal, type Refusal, refusalCodes } from './refusal.ts'
import { toKindAndRights } from './ticket.ts'

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
        message.logs.map((log) => [
          policyToValue(log.policy),
          log.proofs.map(({ right, signature }) => [rights.indexOf(right), signature]),
        ]),
      ]
    }
    case 'resume':
      return [resumeToValue(message)]
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

function resumeToValue({ resumption, ticket, generation, logs }: ResumeFields): CborValue {
  const { publicKey, signature } = resumption
  return [publicKey, signature, ticket, generation ?? nothing, logs.map(resumeItemToValue)]
}

function resumeItemToValue({ log, kind, rights: set, cursors }: ResumeItem): CborValue {
  const known = toKindAndRights(kind, set)
  if (cursors === undefined) return [log, known]
  const lanes = cursors.reduce((bits, { lane }) => bits | (1 << lane), 0)
  return [log, known, lanes, cursors.flatMap(({ n, mark }) => [n, mark])]
}

function notFollowedToValue({ at, why }: NotFollowed): CborValue {
  return why === undefined ? [at, 0, 0] : [at, refusalCodes[why.refused], why.waitMs]
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
      return answered(message.request, [message.ticket ?? nothing], message.results, (log) => [
        log.generation,
        log.rights,
      ])
    case 'resumed':
      return answer(message.request, message.results, ({ generation, others }) => [
        generation,
        others.map(notFollowedToValue),
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
      const all = [hubAccesses.indexOf(access), tokensPerPeriod, roomBytes, told]
      return answered(message.request, [all], message.results, ({ bits, expiresMs, seed }) => [bits, expiresMs, seed])
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

function answer<Result extends object>(
  request: number,
  results: readonly (Result | Refusal)[],
  fields: (result: Result) => CborValue[],
): CborValue[] {
  return answered(request, [], results, fields)
}

/** `all`: what concerns all results. A result is [0, …fields], or [code, waitMs] for a refusal. */
function answered<Result extends object>(
  request: number,
  all: readonly CborValue[],
  results: readonly (Result | Refusal)[],
  fields: (result: Result) => CborValue[],
): CborValue[] {
  return [
    request,
    ...all,
    results.map((result) =>
      isRefusal(result) ? [refusalCodes[result.refused], result.waitMs] : [0, ...fields(result)],
    ),
  ]
}
