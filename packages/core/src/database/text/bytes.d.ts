export type ClockRange = {
    readonly client: number;
    readonly start: number;
    readonly end: number;
};
/** A variable-length integer, lowest 7 bits first: at most 8 bytes for a safe integer. */
export declare function encodeNumber(value: number): Uint8Array;
/** A Yjs v1 update of one client's structs (`body` holds `count` of them, encoded) and an empty delete set. */
export declare function frameStructs(client: number, clock: number, count: number, body: Uint8Array): Uint8Array;
/** A Yjs v1 update of deletions only; no bytes at all for none. Ranges may overlap and come in any order. */
export declare function encodeDeletes(ranges: readonly ClockRange[]): Uint8Array;
/** The same clocks as the fewest ranges: clients descending (Yjs' own order), clocks ascending. */
export declare function mergeRanges(ranges: readonly ClockRange[]): ClockRange[];
