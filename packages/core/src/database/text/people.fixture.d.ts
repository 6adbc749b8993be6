/** For tests: random people in one cell, some with a cloned device, one who makes ops by hand; and what their ops give. */
import * as Y from 'yjs';
import { type HasSeen, type IsAncestor, type TextOp } from './index.ts';
import { type TrialCrypto, type TrialPerson, type TrialReplica } from './text.fixture.ts';
export type Random = (below: number) => number;
/** Mulberry32: small, seeded, the same everywhere. */
export declare function createRandom(seed: number): Random;
export type Habits = {
    readonly deletes: boolean;
    /** Elements and formats besides plain text. */
    readonly rich: boolean;
    /** Values that replace others: an attribute of an element, a key of a map. */
    readonly values: boolean;
    readonly fork: boolean;
    readonly hostile: boolean;
};
export type Story = {
    readonly ops: TextOp[];
    readonly people: TrialPerson[];
    readonly isAncestor: IsAncestor;
    readonly hasSeen: HasSeen;
    /** Characters of each op, each typed once in the whole story. */
    readonly typed: (op: TextOp) => string;
};
export declare function tellStory(base: TrialCrypto, random: Random, habits: Habits, steps?: number): Story;
/** Hands over what the other lacks, in the order in which it was stored: with all it depends on. */
export declare function give(from: TrialReplica, to: TrialReplica): void;
/** All that a document shows, in a form that compares. */
export declare function showing(doc: Y.Doc): string;
export declare function shuffled<T>(random: Random, list: readonly T[]): T[];
