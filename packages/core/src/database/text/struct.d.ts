/** Encodes structs of a session's own document, a long typed run in pieces. */
import * as Y from 'yjs';
/** `length` clocks from `clock` on, `offset` clocks into `struct`. */
export type StructPiece = {
    readonly struct: Y.Item | Y.GC;
    readonly clock: number;
    readonly offset: number;
    readonly length: number;
};
/** A struct from `offset` on, cut so that no piece of a string is longer than an op can hold and no surrogate pair is cut. */
export declare function piecesOf(struct: Y.Item | Y.GC, offset: number): StructPiece[];
/** One struct in Yjs' v1 encoding, without its id. */
export declare function encodeStruct({ struct, offset, length }: StructPiece): Uint8Array;
