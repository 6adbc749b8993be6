import { equalBytes, toHex } from '../bytes/index.ts'
import { sortHeads } from '../change/index.ts'
import { type Facts, toNewest } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import { createPast, isIndexInPast, joinPasts } from './past.ts'
import type { Standing } from './standing.ts'

/**
 * The frontier: what a new change names as seen. Of void changes those count that still have an effect: what a removal ended stays ended, and a secret
 * that a record, a share or a link gave away stays out, so that whoever supersedes that epoch must be seen to know of it. The others would only
 * fill `deps`, which somebody removed could flood with branches.
 */
export type Heads = {
  readonly came: (applied: readonly Node[]) => void
  /** Of the space and the persons who were ever in it; sorted. */
  readonly ours: () => Uint8Array[]
  readonly ofPerson: (person: Uint8Array) => Uint8Array[]
}

export type HeadsOptions = {
  readonly graph: Graph
  readonly facts: Facts
  readonly standing: Standing
  readonly space: Uint8Array
}

export function createHeads({ graph, facts, standing, space }: HeadsOptions): Heads {
  const all: Node[] = []
  const frontier = new Set<Node>()
  const isInForce = (node: Node): boolean => hasLastingEffect(node) || standing.stands(node)

  const anew = (): void => {
    frontier.clear()
    const covered = createPast(graph.size())
    for (let at = all.length - 1; at >= 0; at--) {
      const node = all[at] as Node
      if (isIndexInPast(covered, node.index) || !isInForce(node)) continue
      frontier.add(node)
      joinPasts(covered, node.past)
    }
  }

  const isOurs = ({ change }: Node): boolean => {
    const home = change.header.space
    if (equalBytes(home, space) || equalBytes(change.hash, space)) return true
    return facts.rightsOf(home.length === 0 ? change.hash : home).length > 0
  }

  return {
    came: (applied) => {
      for (const node of applied) all.push(node)
      // A cut may take from the frontier what covered other changes.
      if (applied.some(endsSomething)) return anew()
      for (const node of applied) {
        if (!isInForce(node)) continue
        for (const head of frontier) if (graph.isInPast(head, node.past)) frontier.delete(head)
        frontier.add(node)
      }
    },
    ours: () => sortHeads([...frontier].filter(isOurs).map(({ change }) => change.hash)),
    ofPerson: (person) => {
      const key = toHex(person)
      const own = [...frontier].filter((node) => node.key === key || equalBytes(node.change.header.space, person))
      if (own.length > 0) return sortHeads(own.map(({ change }) => change.hash))
      // Covered by what rests on it here: then by what its own space has.
      const theirs = all.filter(
        (node) => (node.key === key || equalBytes(node.change.header.space, person)) && isInForce(node),
      )
      return sortHeads(toNewest(theirs).map(({ change }) => change.hash))
    },
  }
}

function hasLastingEffect(node: Node): boolean {
  const { content } = node
  const givesKeys = content.kind === 'epoch' || content.kind === 'share'
  return givesKeys || endsSomething(node) || (content.kind === 'grant' && content.body.type === 'invite')
}

function endsSomething({ content }: Node): boolean {
  return content.kind === 'removal' || content.kind === 'deviceCut'
}
