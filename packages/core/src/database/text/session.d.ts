/**
 * One person typing in one cell: a document of its own that the app edits, and the ops that come of it. Local edits gather
 * until the caller takes them as one op; what others type comes in through the state that the session was opened on.
 */
import * as Y from 'yjs';
import type { Crypto } from '../../ports/index.ts';
import { type TextOpBytes } from './inspect.ts';
import type { TextState } from './state.ts';
export type TextSessionOptions = {
    readonly crypto: Pick<Crypto, 'sha256' | 'hmacSha256' | 'randomBytes'>;
    /** This device's public key, 32 bytes. */
    readonly device: Uint8Array;
    readonly state: TextState;
    /** Called after `doc` became another object, because a verdict turned or a branch was found: bind the editor anew. */
    readonly replaced?: (doc: Y.Doc) => void;
    /** Called after each local edit, so that the caller can take what is pending in time. */
    readonly edited?: () => void;
    /** Gets what an observer of the document or a function above threw while others' edits were shown; otherwise `accept` throws it. */
    readonly failed?: (error: unknown) => void;
};
export type TextSession = {
    /** The live document: edit it with any of Yjs' types and bindings. Others' edits have the origin `textRemoteOrigin`. */
    readonly doc: () => Y.Doc;
    /**
     * What was edited since the last call, as one op; undefined for nothing. What it returns is the caller's to store and to hand to the
     * state. A paste of more than 512 KiB becomes several: call until undefined. Throws 'too-large' for one embedded value beyond
     * that and 'bad-value' for what no op may hold, until it is undone.
     */
    readonly takePending: () => TextOpBytes | undefined;
    /** Local transactions since the last `takePending`, and ops still to be taken. */
    readonly pendingCount: () => number;
    readonly close: () => void;
};
export declare function createTextSession(options: TextSessionOptions): TextSession;
