/** What a text op on the wire may be, and nothing else: checked before Yjs sees a byte of it. */
import type { ClockRange } from './bytes.ts';
import { type Reader } from './reader.ts';
/** The last three fields of op 5 (docs/protocol/text.md). `structs` and `deletes` are Yjs v1 updates, or no bytes at all. */
export type TextOpBytes = {
    /** 16 bytes in the op that begins a session's clocks, null in all others. */
    readonly salt: Uint8Array | null;
    readonly structs: Uint8Array;
    readonly deletes: Uint8Array;
};
export type TextOpShape = {
    /** Whose clocks the structs continue; undefined where the op only deletes. */
    readonly insert: ClockRange | undefined;
    /** What it deletes: clients descending, clocks ascending, no two touching the same clock. */
    readonly deletes: readonly ClockRange[];
};
/**
 * The shape of an op. Throws `KithError('bad-encoding')` unless it holds exactly one client's structs with contiguous
 * clocks (no gap, no sub-document, nothing that refers to its own future), deletions, or both; a salt exactly where clocks
 * begin at 0; and no byte more. Time and memory are linear in the bytes.
 */
export declare function inspectTextOp(op: TextOpBytes): TextOpShape;
/** The struct part of a Yjs v1 update that holds at most one client's. */
export declare function readStructSection(reader: Reader): ClockRange[];
/** The deletions of a Yjs v1 update; `strict` asks for the one order and form that Kith writes. */
export declare function readDeleteSection(reader: Reader, strict: boolean): ClockRange[];
