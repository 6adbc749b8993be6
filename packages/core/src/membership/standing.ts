import { equalBytes, toHex } from '../bytes/index.ts'
import type { ContentOrder, ContentPosition } from './content.ts'
import type { Cut, Facts } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import type { Past } from './past.ts'
import { rankNumbers } from './rank.ts'

/**
 * What cuts leave standing (rules 2 to 4). A change that its own past allows stands in a set of changes unless a cut of that set leaves it
 * outside, or something that it was made under (its *warrants*: grant and admission) does not stand. The set is a past, or all that
 * is here.
 *
 * Cuts are judged from the highest rank down. One whose author lies himself beyond a cut by a strictly higher rank is *limited*: it still ends what it
 * names, but voids nothing that whoever cut its author had seen. Two devices of one person have no rank between them: there
 * each limits the other by what the cuts literally say.
 *
 * What a person's devices do to each other voids what they did in a space, unless a removal there accepted it before: a cut lists it, and its
 * author had not heard.
 */
export type Standing = {
  readonly stands: (node: Node, past?: Past) => boolean
  /** A cut leaves it, or what it was made under, outside: asked of a change of unknown kind too. */
  readonly isVoid: (node: Node, past?: Past) => boolean
  /** A removal names it; nothing ever undoes that. */
  readonly isEnded: (warrant: Node, past?: Past) => boolean
  /** It stands and is not ended. */
  readonly isLive: (warrant: Node, past?: Past) => boolean
  /** The cut that leaves a content change outside, by what it was made under. */
  readonly contentCut: (position: ContentPosition | undefined, warrants: readonly Node[]) => Cut | undefined
  /** Whether what a content change was made under stands for it. */
  readonly contentRests: (position: ContentPosition | undefined, warrants: readonly Node[]) => boolean
  /** What void membership changes come from: the cut that leaves it, or what it was made under, outside. */
  readonly causeOf: (node: Node) => Cut | undefined
  /** Names of the cuts by which a cut is limited now: to see that this has changed. */
  readonly limitsOf: (cut: Cut) => string
  /** Forgets what it has worked out about all that is here: more has come. */
  readonly changed: () => void
}

export type StandingOptions = {
  readonly graph: Graph
  readonly facts: Facts
  readonly contentOrder: ContentOrder
}

export function createStanding({ graph, facts, contentOrder }: StandingOptions): Standing {
  let standing = new Map<Node, boolean>()
  let limits = new Map<Cut, readonly Cut[]>()
  const insides = new Map<Cut, ReadonlySet<Node>>()
  const bases = new Map<Cut, ReadonlySet<Node>>()

  const warrantsOf = (node: Node): readonly Node[] => facts.authorOf(node)?.warrants ?? []
  const isWithin = (node: Node, past: Past | undefined): boolean => past === undefined || graph.isInPast(node, past)

  /**
   * The membership changes that a cut accepts: its heads and what lies below them by `prev`, as far as the cut's author had seen it. What comes
   * later, or fills a gap, can not change that: so the answer is the same for every set.
   */
  const insideOf = (cut: Cut): ReadonlySet<Node> => {
    let inside = insides.get(cut)
    if (inside === undefined) {
      const found = new Set<Node>()
      for (const head of cut.heads) {
        let at = graph.find(head)
        while (at !== undefined && !found.has(at) && graph.isInPast(at, cut.node.past)) {
          found.add(at)
          at = graph.find(at.change.header.prev)
        }
      }
      insides.set(cut, (inside = found))
    }
    return inside
  }

  /**
   * Whether a cut leaves a change out. It never takes from its own author what he rests on, listed or not: or a device that ended whoever let it in
   * would have ended itself, until somebody limited its cut.
   */
  const leavesOut = (cut: Cut, node: Node): boolean => !insideOf(cut).has(node) && !baseOf(cut).has(node)
  const baseOf = (cut: Cut): ReadonlySet<Node> => {
    let base = bases.get(cut)
    if (base === undefined) bases.set(cut, (base = lineOf(cut.node)))
    return base
  }

  /** The cuts that bind a change and leave it out, whatever limits them. */
  const cutsBeyond = (node: Node, past: Past | undefined): Cut[] => {
    // Whatever is cut, the space itself has begun.
    if (node.content.kind === 'genesis') return []
    const found: Cut[] = []
    for (const warrant of warrantsOf(node)) {
      for (const cut of facts.cutsOn(warrant)) {
        const binds = equalBytes(cut.space, node.change.header.space) && isWithin(cut.node, past)
        if (binds && leavesOut(cut, node)) found.push(cut)
      }
    }
    return found
  }

  /** A change with all that it was made under, and so on down to where the space began. */
  const lineOf = (node: Node): Set<Node> => {
    const line = new Set([node])
    for (const at of line) for (const warrant of warrantsOf(at)) line.add(warrant)
    return line
  }

  /** The cuts that leave a change, or what it was made under, outside; of those of another space, with the change that needs what they void. */
  const against = (node: Node, past: Past | undefined): Against[] => {
    const found: Against[] = []
    for (const at of lineWithin(node)) {
      for (const cut of cutsBeyond(at, past)) found.push({ cut, at, user: at })
      for (const device of warrantsOf(at).filter((warrant) => !isHome(warrant, at))) {
        for (const below of lineOf(device)) {
          for (const cut of cutsBeyond(below, past)) found.push({ cut, at: below, user: at })
        }
      }
    }
    return found
  }

  /** Its line as far as it is of its own space: a device's admission is its person's. */
  const lineWithin = (node: Node): Set<Node> => {
    const line = new Set([node])
    for (const at of line) for (const warrant of warrantsOf(at)) if (isHome(warrant, at)) line.add(warrant)
    return line
  }

  const limitersOf = (cut: Cut, past: Past | undefined): readonly Cut[] => {
    const known = past === undefined ? limits.get(cut) : undefined
    if (known !== undefined) return known
    const limiters = new Set<Cut>()
    for (const { cut: other, at, user } of against(cut.node, past)) {
      if (other === cut || !isAbove(other, cut) || isAccepted(user, at, other, past)) continue
      const isMutual = other.isOfDevices && cut.isOfDevices
      if (isMutual || !isShielded(other, at, past)) limiters.add(other)
    }
    const list = [...limiters]
    if (past === undefined) limits.set(cut, list)
    return list
  }

  /** Whether a cut is limited so that it cannot void this change. */
  const isShielded = (cut: Cut, node: Node, past: Past | undefined): boolean =>
    limitersOf(cut, past).some((limiter) => graph.isInPast(node, limiter.node.past))

  /**
   * Removals that settle what becomes of a change: they bind it and list it. Only those that nothing limits: who was removed himself settles
   * nothing.
   */
  const acceptances = (warrants: readonly Node[], past: Past | undefined, lists: (cut: Cut) => boolean): Cut[] =>
    warrants
      .flatMap((warrant) => facts.cutsOn(warrant))
      .filter((cut) => !cut.isOfDevices && isWithin(cut.node, past) && lists(cut) && limitersOf(cut, past).length === 0)

  /** Whether a change outlasts the cut that voids the admission of its device: a removal that had not heard of the cut accepted it. */
  const isAccepted = (user: Node, at: Node, cut: Cut, past: Past | undefined): boolean =>
    user !== at &&
    acceptances(warrantsOf(user), past, (by) => insideOf(by).has(user)).some(
      ({ node }) => !graph.isInPast(cut.node, node.past),
    )

  const isVoiding = ({ cut, at, user }: Against, past: Past | undefined): boolean =>
    !isShielded(cut, at, past) && !isAccepted(user, at, cut, past)

  /** Whether a change stands if what gave its author his right does. */
  const holds = (node: Node, past: Past | undefined): boolean => {
    if (cutsBeyond(node, past).some((cut) => !isShielded(cut, node, past))) return false
    const devices = warrantsOf(node).filter((warrant) => !isHome(warrant, node))
    return devices.every((device) => stands(device, past) || !against(node, past).some((one) => isVoiding(one, past)))
  }

  const stands: Standing['stands'] = (node, past) => {
    if (!facts.isApplied(node)) return false
    if (facts.cuts().length === 0) return true
    if (past !== undefined) return [...lineWithin(node)].every((at) => holds(at, past))
    let known = standing.get(node)
    if (known === undefined) {
      known = [...lineWithin(node)].every((at) => standing.get(at) ?? holds(at, undefined))
      standing.set(node, known)
    }
    return known
  }

  const isEnded: Standing['isEnded'] = (warrant, past) => facts.removalsOf(warrant, past).length > 0

  /** What somebody had seen of content by a change of his: what it, and what it rests on, names. */
  const contentSeenBy = (node: Node): Uint8Array[] => {
    const witnesses = facts.witnesses().filter((other) => other === node || graph.isInPast(other, node.past))
    return witnesses.flatMap(({ change }) => change.header.deps.content)
  }

  return {
    stands,
    isVoid: (node, past) => [...lineWithin(node)].some((at) => !holds(at, past)),
    isEnded,
    isLive: (warrant, past) => stands(warrant, past) && !isEnded(warrant, past),
    contentCut: (position, warrants) => {
      for (const warrant of warrants) {
        for (const cut of facts.cutsOn(warrant)) {
          // A person's own space holds no content: its cuts bind nothing here.
          if (facts.person(cut.space) !== undefined) continue
          if (position === undefined) return cut
          if (contentOrder.isInside(position, cut.heads)) continue
          const limiters = limitersOf(cut, undefined)
          if (!limiters.some(({ node }) => contentOrder.isSeen(position, contentSeenBy(node)))) return cut
        }
      }
      return undefined
    },
    contentRests: (position, warrants) =>
      warrants.every((warrant) => {
        if (stands(warrant)) return true
        if (position === undefined || facts.person(spaceOf(warrant)) === undefined) return false
        const accepting = acceptances(warrants, undefined, ({ heads }) => contentOrder.isInside(position, heads))
        return against(warrant, undefined)
          .filter((one) => isVoiding(one, undefined))
          .every(({ cut }) => accepting.some(({ node }) => !graph.isInPast(cut.node, node.past)))
      }),
    causeOf: (node) => against(node, undefined).find((one) => isVoiding(one, undefined))?.cut,
    limitsOf: (cut) =>
      limitersOf(cut, undefined)
        .map(({ node }) => toHex(node.change.hash))
        .sort()
        .join(),
    changed: () => {
      standing = new Map()
      limits = new Map()
    },
  }
}

/** A cut that leaves a change outside: that itself, or the change `at` that it was made under. */
type Against = {
  readonly cut: Cut
  readonly at: Node
  /** In the space of the change, what needs `at`; `at` itself where that is of the same space. */
  readonly user: Node
}

/**
 * Whether one cut may limit another. Each step of asking what limits what goes up in rank, or it would go round for ever: so a device cut under a
 * lower grant does not limit what its device did under a higher one.
 */
function isAbove(cut: Cut, other: Cut): boolean {
  if (cut.isOfDevices) return other.isOfDevices || rankNumbers[cut.rank] >= rankNumbers[other.rank]
  return rankNumbers[cut.rank] > rankNumbers[other.rank]
}

/** The space that a change belongs to; a genesis to the one that it begins. */
function spaceOf({ change }: Node): Uint8Array {
  return change.header.space.length > 0 ? change.header.space : change.hash
}

function isHome(node: Node, other: Node): boolean {
  return equalBytes(spaceOf(node), spaceOf(other))
}
