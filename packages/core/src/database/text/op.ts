/** A text op as the merge layer stores it, and how two of them compare. */
import { compareBytes } from '../../bytes/index.ts'
import { inspectTextOp, type TextOpBytes, type TextOpShape } from './inspect.ts'

/** Whether the change that holds an op counts (`applied`) or is held back by a verdict (`void`); waiting changes are not handed over. */
export type TextVerdict = 'applied' | 'void'

export type TextOp = TextOpBytes & {
  /** The author: Ed25519 public key of the device, 32 bytes. */
  readonly device: Uint8Array
  /** Hash of the change, 32 bytes. */
  readonly change: Uint8Array
  /** Position of the change in its chain. */
  readonly seq: number
  /** Position of the op in its change. */
  readonly index: number
  readonly verdict: TextVerdict
}

/** Where an op stands in its author's chain. */
export type TextPosition = Pick<TextOp, 'device' | 'change' | 'seq' | 'index'>

/** A well-formed op with what it claims. */
export type KnownOp = { readonly op: TextOp; readonly shape: TextOpShape; readonly key: string }

/** Throws as `inspectTextOp`. */
export function toKnownOp(op: TextOp): KnownOp {
  return { op, shape: inspectTextOp(op), key: textOpKey(op) }
}

/** Names an op in memory: 20 bytes of its change's hash (nobody finds two changes that share them) and its index. */
export function textOpKey(op: TextPosition): string {
  return `${String.fromCharCode(...op.change.subarray(0, 20))}${op.index}`
}

/** The order that settles who owns what two ops claim: the lower change hash, then the lower index. */
export function compareTextOps(left: TextPosition, right: TextPosition): number {
  return compareBytes(left.change, right.change) || left.index - right.index
}

/** Whether `later` comes after `earlier` in a chain that does not fork between them; forks are the caller's knowledge. */
export function isAfter(earlier: TextPosition, later: TextPosition): boolean {
  if (compareBytes(earlier.device, later.device) !== 0) return false
  if (earlier.seq !== later.seq) return earlier.seq < later.seq
  return compareBytes(earlier.change, later.change) === 0 && earlier.index < later.index
}
