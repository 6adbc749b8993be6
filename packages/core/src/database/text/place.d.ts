/**
 * Where an item may stand. Yjs' integration gives the same order in every arrival order only if each item was inserted
 * between two characters that were neighbours for its author. It never checks; four items with invented neighbours are
 * enough to split replicas for ever (`place.test.ts`). Here is the check, and the mending.
 *
 * An item between L and R is *possible* iff R did not come to stand right of something inside (L, R) that R's author saw, nor L
 * left of such a thing: R's own left neighbour is L or left of it, L's own right neighbour is R or right of it.
 * (By induction this says that nothing L or R depend on lies between them.) The order of characters never changes,
 * so the answer is the same whenever it is asked: replicas agree on it whatever else they have.
 */
import * as Y from 'yjs';
type Store = Y.Transaction['doc']['store'];
/** Whether (origin, rightOrigin) were never neighbours. Both must be in the store; null stands for the list's start or end. */
export declare function isImpossible(store: Store, origin: Y.ID | null, rightOrigin: Y.ID | null): boolean;
/**
 * Gives an impossible item neighbours that are possible, as near as can be: its left one with that one's own right neighbour, or
 * at the start of a list its right one with that one's own left neighbour. So nothing is lost, neither of an author whose
 * undo manager made it up, nor of one who typed next to a branch that lost its id.
 */
export declare function mend(store: Store, item: Y.Item): void;
export {};
