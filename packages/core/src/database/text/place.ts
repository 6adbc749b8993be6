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
import * as Y from 'yjs'

type Store = Y.Transaction['doc']['store']

/** Whether (origin, rightOrigin) were never neighbours. Both must be in the store; null stands for the list's start or end. */
export function isImpossible(store: Store, origin: Y.ID | null, rightOrigin: Y.ID | null): boolean {
  if (origin === null && rightOrigin === null) return false
  const left = origin === null ? null : Y.getItem(store, origin)
  const right = rightOrigin === null ? null : Y.getItem(store, rightOrigin)
  // A collected neighbour: the item becomes collected too, or `mend` finds it a list.
  if (left !== null && !(left instanceof Y.Item)) return false
  if (right !== null && !(right instanceof Y.Item)) return left !== null
  if (right === null) return left!.rightOrigin !== null
  const beforeRight = leftNeighbour(right, rightOrigin!)
  if (left === null) return beforeRight !== null
  if (left.parent !== right.parent || left.parentSub !== right.parentSub) return true
  // Whoever of the two came later was put next to the other: true of nearly all that people type, and then possible.
  if (Y.compareIDs(beforeRight, origin) || Y.compareIDs(left.rightOrigin, rightOrigin)) return false
  return !reaches(left, origin!, right, rightOrigin!, beforeRight)
}

/** Walks from L to R; false if R is not met, or what must not lie between them is met first. */
function reaches(left: Y.Item, origin: Y.ID, right: Y.Item, rightOrigin: Y.ID, beforeRight: Y.ID | null): boolean {
  const afterLeft = left.rightOrigin
  let from = origin.clock + 1
  for (let item: Y.Item | null = left; item !== null; item = item.right, from = item?.id.clock ?? 0) {
    const isRight = item === right && rightOrigin.clock >= from
    const until = isRight ? rightOrigin.clock : item.id.clock + item.length
    if (isIn(beforeRight, item.id.client, from, until) || isIn(afterLeft, item.id.client, from, until)) return false
    if (isRight) return true
  }
  return false
}

function isIn(id: Y.ID | null, client: number, from: number, until: number): boolean {
  return id !== null && id.client === client && from <= id.clock && id.clock < until
}

/** The left neighbour that the character `id`, held by `item`, was inserted next to. */
function leftNeighbour(item: Y.Item, id: Y.ID): Y.ID | null {
  return id.clock > item.id.clock ? Y.createID(id.client, id.clock - 1) : item.origin
}

/**
 * Gives an impossible item neighbours that are possible, as near as can be: its left one with that one's own right neighbour, or
 * at the start of a list its right one with that one's own left neighbour. So nothing is lost, neither of an author whose
 * undo manager made it up, nor of one who typed next to a branch that lost its id.
 */
export function mend(store: Store, item: Y.Item): void {
  if (!isImpossible(store, item.origin, item.rightOrigin)) return
  if (item.origin !== null) {
    item.rightOrigin = Y.getItem(store, item.origin).rightOrigin
    return
  }
  const right = Y.getItem(store, item.rightOrigin!)
  item.origin = leftNeighbour(right, item.rightOrigin!)
}
