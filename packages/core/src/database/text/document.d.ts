/**
 * A Yjs document that takes ops instead of updates. Ops come here inspected, owned (`claims.ts`) and with all they refer
 * to already inside. What Yjs does by itself and what would not be the same everywhere is kept out: see each comment.
 */
import * as Y from 'yjs';
import { type Claims, type Branch, type HasSeen } from './claims.ts';
import type { ClockRange } from './bytes.ts';
import type { KnownOp } from './op.ts';
/** The origin of transactions that bring what others typed, for editors and undo managers to tell from their own. */
export declare const textRemoteOrigin = "kith:remote";
/** An op ready for one document: its structs are made anew for each, for Yjs changes them. */
export type PreparedOp = {
    readonly isVoid: boolean;
    /** Under which id and from which clock its structs stand; undefined for an op that only deletes. */
    readonly insert: ClockRange | undefined;
    readonly structs: readonly (Y.Item | Y.GC)[];
    readonly deletes: readonly ClockRange[];
};
/** Where the attribute value of a void op would have stood: what was set after it is put after this instead. */
export type Alias = {
    readonly client: number;
    readonly start: number;
    readonly end: number;
    readonly origin: Y.ID | null;
    /** A root type's name or the id of the item that holds the type. */
    readonly parent: string | Y.ID;
    readonly key: string;
};
export type Missing = {
    readonly client: number;
    readonly clock: number;
};
export type TextDocument = {
    readonly doc: Y.Doc;
    /** How many clocks of a client are in. */
    readonly clockOf: (client: number) => number;
    /** The first thing that an op needs and that is not in: `clock` clocks of `client`; undefined when it can be integrated. */
    readonly missing: (op: PreparedOp) => Missing | undefined;
    /**
     * Integrates ops in one transaction; `run` calls the function it is given once for each op, in an order in which
     * `missing` is undefined. False if an applied op fell into an element that was hidden as void before: then the
     * text must be rebuilt, so that the element shows.
     */
    readonly integrate: (run: (one: (op: PreparedOp) => void) => void) => boolean;
    readonly aliases: readonly Alias[];
    /** Whether an element or other type of a void op is hidden here. */
    readonly hidesTypes: () => boolean;
};
/** The structs and deletions of an op under the ids that `claims` gives them. */
export declare function prepareOp(claims: Claims, known: KnownOp, branch: Branch | undefined, hasSeen: HasSeen): PreparedOp;
export declare function createTextDocument(doc: Y.Doc, aliased?: readonly Alias[], hides?: boolean): TextDocument;
