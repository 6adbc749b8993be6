/** Why a hub says no: one code a reason, and the typed error that the client's caller gets. */
import { KithError } from '../bytes/index.ts'

/**
 * Codes on the wire. 'refused' is one answer for an unknown log, a wrong proof, an expired ticket and a right that was not proven,
 * alike in bytes, so that nobody learns which logs a hub has.
 */
export const refusalCodes = {
  refused: 1,
  'too-large': 2,
  'quota-full': 3,
  'slow-down': 4,
  'storage-full': 5,
  'bad-encoding': 6,
  'bad-policy': 7,
  'other-generation': 8,
  closing: 9,
  'too-many-connections': 10,
  'storage-damaged': 11,
  'token-needed': 12,
  'work-needed': 13,
  'token-spent': 14,
  'token-invalid': 15,
  'tokens-used-up': 16,
  'not-carried': 17,
  'not-reached': 18,
} as const

export type RefusalReason = keyof typeof refusalCodes

export type Refusal = {
  readonly refused: RefusalReason
  /** When to try again, in milliseconds; 0 where waiting does not help. */
  readonly waitMs: number
}

const meanings: Record<RefusalReason, string> = {
  refused: 'The hub does not grant this: the log is not open on this connection or the proof is not right.',
  'too-large': 'The hub takes nothing this large. Split it.',
  'quota-full': 'A quota of the hub is used up for this log or connection. Trim it, or use another hub.',
  'slow-down': 'The hub takes no more at this rate. Try again after the time given.',
  'storage-full': 'The disk of the hub is full; it took nothing. Use another hub until its operator frees space.',
  'bad-encoding': 'The hub could not read what was sent.',
  'bad-policy': 'The hub refuses the policy: no key guards it, or a key in it is malformed or of low order.',
  'other-generation':
    'The cursor is of another generation of the hub, or past its end: it may have lost entries. Compare and heal.',
  closing: 'The hub is shutting down. Reconnect in a moment, or use another.',
  'too-many-connections': 'The hub takes no more connections now. Try again later, or use another.',
  'storage-damaged': 'The hub cannot read its own storage. Use another hub until its operator has mended it.',
  'token-needed':
    'This hub keeps a log, or more of it, for a token of one of its members. Ask its operator for an invite.',
  'work-needed':
    'This hub is crowded, and asks for a proof of work before it takes a new log. It is made by itself; wait.',
  'token-spent': 'The token was spent before. Another will be used.',
  'token-invalid': 'The token is not of this hub, or its key is no longer good. Another will be used.',
  'tokens-used-up': 'The tokens of this period are used up. More come with the next one.',
  'not-carried': 'The hub carries no connections there. Ask its operator, or use another.',
  'not-reached': 'The hub that carries could not reach the other in time, or it is not the hub of that key.',
}

export function refusal(refused: RefusalReason, waitMs = 0): Refusal {
  return { refused, waitMs: Math.ceil(waitMs) }
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value
}

/** 'hub-refused'; `details.why` is the reason and `details.waitMs` when to try again. */
export function refusalToError(value: Refusal): KithError {
  return new KithError('hub-refused', meanings[value.refused], { why: value.refused, waitMs: value.waitMs })
}

const reasonsByCode = new Map(
  Object.entries(refusalCodes).map(([reason, code]) => [code as number, reason as RefusalReason]),
)

/** A code of a later hub that we do not know counts as plain 'refused'. */
export function codeToReason(code: number): RefusalReason {
  return reasonsByCode.get(code) ?? 'refused'
}
