/**
 * Reads Yjs' v1 encoding from bytes that may be hostile. lib0's own decoders trust their input: they read past the end as
 * `undefined`, recurse as deep as the sender likes and loop as often as a number says. This one only walks and counts;
 * what passes it may be handed to Yjs.
 */
import { KithError } from '../../bytes/index.ts';
export type Reader = {
    readonly bytes: Uint8Array;
    readonly view: DataView;
    at: number;
};
export declare function createReader(bytes: Uint8Array): Reader;
export declare function bad(what: string): KithError;
export declare function readByte(reader: Reader): number;
/** A variable-length integer, lowest 7 bits first, in its shortest form and safe. */
export declare function readNumber(reader: Reader): number;
/** A length that the rest of the bytes can hold, each unit taking at least one byte: bounds every loop and allocation. */
export declare function readCount(reader: Reader): number;
export declare function skipBytes(reader: Reader): void;
/** Skips one UTF-8 string (RFC 3629, no surrogates, no overlong forms) and returns its length in UTF-16 units, as Yjs counts. */
export declare function skipString(reader: Reader, bytesMax?: number): number;
export declare function readString(reader: Reader): string;
/** A JSON text that a parser takes and that no later recursion can be overflowed with. */
export declare function skipJson(reader: Reader): void;
/** One value of lib0's `any` encoding (lib0/encoding.js, `writeAny`). */
export declare function skipAny(reader: Reader, depth?: number): void;
