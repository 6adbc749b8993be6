import { type TextOpBytes, type TextOpShape } from './inspect.ts';
/** Whether the change that holds an op counts (`applied`) or is held back by a verdict (`void`); waiting changes are not handed over. */
export type TextVerdict = 'applied' | 'void';
export type TextOp = TextOpBytes & {
    /** The author: Ed25519 public key of the device, 32 bytes. */
    readonly device: Uint8Array;
    /** Hash of the change, 32 bytes. */
    readonly change: Uint8Array;
    /** Position of the change in its chain. */
    readonly seq: number;
    /** Position of the op in its change. */
    readonly index: number;
    readonly verdict: TextVerdict;
};
/** Where an op stands in its author's chain. */
export type TextPosition = Pick<TextOp, 'device' | 'change' | 'seq' | 'index'>;
/** A well-formed op with what it claims. */
export type KnownOp = {
    readonly op: TextOp;
    readonly shape: TextOpShape;
    readonly key: string;
};
/** Throws as `inspectTextOp`. */
export declare function toKnownOp(op: TextOp): KnownOp;
/** Names an op in memory: 20 bytes of its change's hash (nobody finds two changes that share them) and its index. */
export declare function textOpKey(op: TextPosition): string;
/** The order that settles who owns what two ops claim: the lower change hash, then the lower index. */
export declare function compareTextOps(left: TextPosition, right: TextPosition): number;
/** Whether `later` comes after `earlier` in a chain that does not fork between them; forks are the caller's knowledge. */
export declare function isAfter(earlier: TextPosition, later: TextPosition): boolean;
