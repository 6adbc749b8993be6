import type { Claims } from './claims.ts';
import type { Alias } from './document.ts';
import type { TextOp } from './op.ts';
export type TextSnapshot = {
    readonly update: Uint8Array;
    readonly claims: Claims;
    readonly aliases: readonly Alias[];
    readonly hidesTypes: boolean;
    /** Ops that are known and not in the document: late neighbours. */
    readonly waiting: readonly TextOp[];
};
export declare function encodeSnapshot(snapshot: TextSnapshot): Uint8Array;
/** Throws `KithError('bad-encoding')` for a snapshot of another version: rebuild the text from its ops. */
export declare function decodeSnapshot(bytes: Uint8Array): TextSnapshot;
