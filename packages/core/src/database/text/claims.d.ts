/**
 * Who owns which clocks. An op claims a range of clocks of one client id; the ops of a client id form a tree, in which each op
 * hangs on the op of the same device, earlier in its chain, that ends where it starts. Almost always that tree is one
 * line. Where it branches (a forked chain, a device that lies, two salts made to collide) the lower change hash keeps the
 * client id, and each other branch goes on under an id of its own: so nothing typed is lost by a fork, neither on
 * the losing branch nor by others next to it, and the outcome depends on the set of changes alone.
 */
import type { Hashing } from '../../ports/index.ts';
import { type KnownOp, type TextPosition } from './op.ts';
export type Branch = {
    /** The Yjs client id under which its structs stand in the document. */
    readonly effective: number;
    /** Index, in the same list, of the branch it left at `start`; undefined for a branch that starts a session. */
    readonly parent: number | undefined;
    readonly start: number;
    /** Where its last op known ends; a later op continues here. */
    end: number;
    /** Its last op. */
    tip: TextPosition;
    /** Its last op that stands in the document: what a snapshot continues from. */
    integrated: TextPosition | undefined;
    /** All its ops, where there is another branch: to tell which of them an author had seen. */
    ops: readonly BranchOp[];
};
export type BranchOp = {
    readonly end: number;
    readonly at: TextPosition;
};
/** Branches of each client id announced: the one that keeps the id first, then by their first op. */
export type Claims = Map<number, Branch[]>;
/** Whether `earlier` is an ancestor of `later` in its device's chain. Only asked where ranges fit and positions agree. */
export type IsAncestor = (earlier: TextPosition, later: TextPosition) => boolean;
/** Whether a change is in the causal past of another. Only asked about the ops of a client id that has branches. */
export type HasSeen = (later: TextPosition, earlier: TextPosition) => boolean;
export type Plan = {
    readonly claims: Claims;
    /** Each op that hangs on the tree, parents before children, with its branch. */
    readonly placed: {
        readonly known: KnownOp;
        readonly branch: Branch;
    }[];
    /** Ops whose predecessor is not there: late, or forged. */
    readonly orphans: KnownOp[];
};
/** Assigns every inserting op its branch: a pure function of the set, whatever its order. Each op once; roots have a checked salt. */
export declare function planClaims(crypto: Hashing, ops: readonly KnownOp[], isAncestor: IsAncestor): Plan;
/** Who refers to a character: an op, its own client id and branch where it inserts, and what its author had seen. */
export type Referrer = {
    readonly op: TextPosition;
    readonly client: number | undefined;
    readonly branch: Branch | undefined;
    readonly hasSeen: HasSeen;
};
/**
 * The id under which the character (client, clock), as an op names it, stands in the document. Its own session's characters
 * are those of its own branch. Another's are those of the branch that its author had seen, the first of them if
 * several; an author who had seen none of them is wrong or lies, and gets the first that there is.
 */
export declare function effectiveOf(claims: Claims, by: Referrer, client: number, clock: number): number;
