/**
 * The text of one cell as a pure function of the set of its ops and their verdicts. Ops may come in any order and more
 * than once. What can be appended is appended; whatever else (a branch, a verdict that turns, an element that was hidden
 * and is needed) rebuilds this one text from all its ops.
 */
import * as Y from 'yjs';
import type { Hashing } from '../../ports/index.ts';
import { type HasSeen, type IsAncestor } from './claims.ts';
import { type PreparedOp, type TextDocument } from './document.ts';
import { type TextOp } from './op.ts';
export type TextStateOptions = {
    readonly crypto: Hashing;
    /** The row's id, 16 bytes. */
    readonly row: Uint8Array;
    /** The column's id. */
    readonly column: string;
    /** Every stored op of this cell with its verdict of now, those last handed to `accept` included; only asked for a rebuild. */
    readonly loadOps: () => Iterable<TextOp>;
    /** Whether one change is an ancestor of another in a device's chain. Without it chains count as unforked. */
    readonly isAncestor?: IsAncestor;
    /**
     * Whether a change is in the causal past of another. Tells what somebody meant who typed next to a device that was
     * cloned; without it such text may stand in the wrong place or wait.
     */
    readonly hasSeen?: HasSeen;
    /** What `snapshot` gave earlier. Ops stored since then are to be handed to `accept`. Without it the text is built from `loadOps`. */
    readonly snapshot?: Uint8Array;
};
/**
 * `integrated`: it shows, or is held as deleted if void. `waiting`: something that it refers to, or its session's op before it,
 * is not here yet; it is kept and tried again by itself. `known`: it came before. `malformed`, `wrong-client`: left
 * out for ever.
 */
export type TextOutcome = 'integrated' | 'waiting' | 'known' | 'malformed' | 'wrong-client';
/** What open sessions follow a text by. */
export type TextListener = {
    /** Ops that were just integrated, in that order, with what prepares them for another document. */
    readonly integrated: (ops: readonly IntegratedOp[]) => void;
    /** The document was made anew from these ops; some may be gone from it or stand elsewhere. */
    readonly rebuilt: (ops: readonly TextOp[]) => void;
};
export type IntegratedOp = {
    readonly op: TextOp;
    readonly prepare: () => PreparedOp;
};
export type TextState = {
    readonly crypto: Hashing;
    readonly row: Uint8Array;
    readonly column: string;
    /** Takes ops whose changes have a verdict and are stored. One outcome each. Hand over many at once: at most one rebuild is made. */
    readonly accept: (ops: readonly TextOp[]) => TextOutcome[];
    /** Builds the text anew from all its ops: after a verdict turned. */
    readonly rebuild: () => void;
    /** The plain text; computed again only after a change. */
    readonly text: () => string;
    /** The cached document: to read. Edit through a session. Replaced by a rebuild. */
    readonly doc: () => Y.Doc;
    /** Bytes that `createTextState` continues from without any op: a local cache, to be thrown away at will. */
    readonly snapshot: () => Uint8Array;
    readonly waitingCount: () => number;
    /** How often this text was built from all its ops: a measure, and a sign of forks. */
    readonly rebuildCount: () => number;
    /** A separate document with the same content, for a session. */
    readonly copy: (clientId: number) => TextDocument;
    /** An op of this device that is not accepted yet, for a session's own document. Undefined where its client id is contested. */
    readonly prepareLocal: (op: TextOp) => PreparedOp | undefined;
    readonly listen: (listener: TextListener) => () => void;
};
export declare function createTextState(options: TextStateOptions): TextState;
