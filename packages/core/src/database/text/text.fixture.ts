/** For tests and measurements: people who type in one cell, each with a state and a session, and ops carried by hand. */
import { createNodeCrypto } from '../../../../node/src/platform/crypto.ts'
import type { Crypto } from '../../ports/index.ts'
import type { TextOpBytes } from './inspect.ts'
import type { TextOp, TextVerdict } from './op.ts'
import { createTextSession, type TextSession } from './session.ts'
import { createTextState, type TextState, type TextStateOptions } from './state.ts'

export type TrialCrypto = Pick<Crypto, 'sha256' | 'hmacSha256' | 'randomBytes'>

export const nodeTrialCrypto: TrialCrypto = await createNodeCrypto()

export const trialRow = new Uint8Array(16).fill(7)
export const trialColumn = 'notes'

/** A replica: what it stored and the text of it. */
export type TrialReplica = {
  readonly stored: TextOp[]
  readonly state: TextState
  readonly receive: (...ops: TextOp[]) => void
}

export type Knowledge = Pick<TextStateOptions, 'isAncestor' | 'hasSeen'>

export function createReplica(crypto: TrialCrypto, knows: Knowledge = {}): TrialReplica {
  const stored: TextOp[] = []
  const state = createTextState({ crypto, row: trialRow, column: trialColumn, loadOps: () => stored, ...knows })
  const receive = (...ops: TextOp[]) => {
    stored.push(...ops)
    state.accept(ops)
  }
  return { stored, state, receive }
}

export type TrialPerson = TrialReplica & {
  readonly device: Uint8Array
  readonly session: TextSession
  /** What was typed since the last call, as stored ops of one new change. */
  readonly commit: () => TextOp[]
}

/** `signing` sees each op before it is stored; `mark` stands for the salt of a change's body: two with the same content differ by it. */
export function createPerson(
  crypto: TrialCrypto,
  number: number,
  replica = createReplica(crypto),
  signing: (op: TextOp) => void = () => {},
  mark: () => number = () => 0,
): TrialPerson {
  const device = new Uint8Array(32).fill(number)
  const session = createTextSession({ crypto, device, state: replica.state })
  let seq = 0
  const commit = () => {
    const ops: TextOp[] = []
    for (let bytes = session.takePending(); bytes !== undefined; bytes = session.takePending()) {
      const made = toOp(crypto, device, seq, ops.length, bytes)
      const op = { ...made, change: ops[0]?.change ?? crypto.sha256(Uint8Array.of(...made.change, mark())) }
      signing(op)
      ops.push(op)
    }
    if (ops.length > 0) seq += 1
    replica.receive(...ops)
    return ops
  }
  return { ...replica, device, session, commit }
}

/** An op as it would be stored, its change's hash made up from what it says. */
export function toOp(
  crypto: TrialCrypto,
  device: Uint8Array,
  seq: number,
  index: number,
  bytes: TextOpBytes,
  verdict: TextVerdict = 'applied',
): TextOp {
  const change = crypto.sha256(
    Uint8Array.of(...device, seq & 255, seq >> 8, ...crypto.sha256(bytes.structs), ...bytes.deletes.subarray(0, 999)),
  )
  return { ...bytes, device, change, seq, index, verdict }
}
