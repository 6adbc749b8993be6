/**
 * Who owns which clocks. An op claims a range of clocks of one client id; the ops of a client id form a tree, in which each op
 * hangs on the op of the same device, earlier in its chain, that ends where it starts. Almost always that tree is one
 * line. Where it branches (a forked chain, a device that lies, two salts made to collide) the lower change hash keeps the
 * client id, and each other branch goes on under an id of its own: so nothing typed is lost by a fork, neither on
 * the losing branch nor by others next to it, and the outcome depends on the set of changes alone.
 */
import type { Hashing } from '../../ports/index.ts'
import { branchIdOf } from './client.ts'
import { compareTextOps, isAfter, type KnownOp, type TextPosition } from './op.ts'

export type Branch = {
  /** The Yjs client id under which its structs stand in the document. */
  readonly effective: number
  /** Index, in the same list, of the branch it left at `start`; undefined for a branch that starts a session. */
  readonly parent: number | undefined
  readonly start: number
  /** Where its last op known ends; a later op continues here. */
  end: number
  /** Its last op. */
  tip: TextPosition
  /** Its last op that stands in the document: what a snapshot continues from. */
  integrated: TextPosition | undefined
  /** All its ops, where there is another branch: to tell which of them an author had seen. */
  ops: readonly BranchOp[]
}

export type BranchOp = { readonly end: number; readonly at: TextPosition }

/** Branches of each client id announced: the one that keeps the id first, then by their first op. */
export type Claims = Map<number, Branch[]>

/** Whether `earlier` is an ancestor of `later` in its device's chain. Only asked where ranges fit and positions agree. */
export type IsAncestor = (earlier: TextPosition, later: TextPosition) => boolean

/** Whether a change is in the causal past of another. Only asked about the ops of a client id that has branches. */
export type HasSeen = (later: TextPosition, earlier: TextPosition) => boolean

export type Plan = {
  readonly claims: Claims
  /** Each op that hangs on the tree, parents before children, with its branch. */
  readonly placed: { readonly known: KnownOp; readonly branch: Branch }[]
  /** Ops whose predecessor is not there: late, or forged. */
  readonly orphans: KnownOp[]
}

/** Assigns every inserting op its branch: a pure function of the set, whatever its order. Each op once; roots have a checked salt. */
export function planClaims(crypto: Hashing, ops: readonly KnownOp[], isAncestor: IsAncestor): Plan {
  const byClient = Map.groupBy(ops, (known) => known.shape.insert!.client)
  const clients = [...byClient.keys()].sort((left, right) => left - right)
  const plan: Plan = { claims: new Map(), placed: [], orphans: [] }
  const taken = new Set(clients)
  for (const client of clients) planClient(crypto, client, byClient.get(client)!, isAncestor, taken, plan)
  return plan
}

function planClient(
  crypto: Hashing,
  client: number,
  ops: readonly KnownOp[],
  isAncestor: IsAncestor,
  taken: Set<number>,
  plan: Plan,
): void {
  const sorted = ops.toSorted((left, right) => {
    return left.shape.insert!.start - right.shape.insert!.start || compareTextOps(left.op, right.op)
  })
  const branches: Branch[] = []
  const branchOf = new Map<KnownOp, Branch>()
  const endingAt = new Map<number, KnownOp[]>()
  const continued = new Set<KnownOp>()
  for (const known of sorted) {
    const { start, end } = known.shape.insert!
    const before =
      start === 0
        ? undefined
        : endingAt
            .get(start)
            ?.filter((earlier) => isAfter(earlier.op, known.op) && isAncestor(earlier.op, known.op))
            .sort((left, right) => compareTextOps(left.op, right.op))[0]
    if (start > 0 && before === undefined) {
      plan.orphans.push(known)
      continue
    }
    let branch = before === undefined || continued.has(before) ? undefined : branchOf.get(before)
    if (before !== undefined) continued.add(before)
    if (branch === undefined) {
      const parent = before === undefined ? undefined : branches.indexOf(branchOf.get(before)!)
      const effective = branches.length === 0 ? client : freshId(crypto, client, known, taken)
      branch = { effective, parent, start, end, tip: known.op, integrated: undefined, ops: [] }
      branches.push(branch)
    }
    branch.end = end
    branch.tip = known.op
    branchOf.set(known, branch)
    endingAt.set(end, [...(endingAt.get(end) ?? []), known])
    plan.placed.push({ known, branch })
  }
  if (branches.length > 0) plan.claims.set(client, branches)
  if (branches.length < 2) return
  for (const branch of branches) {
    const own = sorted.filter((known) => branchOf.get(known) === branch)
    branch.ops = own.map(({ op, shape }) => ({ end: shape.insert!.end, at: toPosition(op) }))
  }
}

function toPosition({ device, change, seq, index }: TextPosition): TextPosition {
  return { device, change, seq, index }
}

/** An id that no session known here has: whoever grinds a salt to meet it only makes the next attempt count. */
function freshId(crypto: Hashing, client: number, first: KnownOp, taken: Set<number>): number {
  for (let attempt = 0; ; attempt += 1) {
    const id = branchIdOf(crypto, client, first.op.change, first.op.index, attempt)
    if (taken.has(id)) continue
    taken.add(id)
    return id
  }
}

/** Who refers to a character: an op, its own client id and branch where it inserts, and what its author had seen. */
export type Referrer = {
  readonly op: TextPosition
  readonly client: number | undefined
  readonly branch: Branch | undefined
  readonly hasSeen: HasSeen
}

/**
 * The id under which the character (client, clock), as an op names it, stands in the document. Its own session's characters
 * are those of its own branch. Another's are those of the branch that its author had seen, the first of them if
 * several; an author who had seen none of them is wrong or lies, and gets the first that there is.
 */
export function effectiveOf(claims: Claims, by: Referrer, client: number, clock: number): number {
  const branches = claims.get(client)
  if (branches === undefined || branches.length === 1) return client
  if (client === by.client && by.branch !== undefined) {
    let at = by.branch
    while (clock < at.start && at.parent !== undefined) at = branches[at.parent]!
    return at.effective
  }
  const covering = branches.filter((branch) => branch.start <= clock && clock < branch.end)
  const seen = covering.find(({ ops }) => by.hasSeen(by.op, ops.find(({ end }) => clock < end)!.at))
  return (seen ?? covering[0])?.effective ?? client
}
