import { type Facts, byHash, toNewest } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import type { Past } from './past.ts'
import type { Standing } from './standing.ts'

type Options = { readonly graph: Graph; readonly facts: Facts; readonly standing: Standing }

/** Schema records of a set that stand and that no other such has superseded; by hash. */
export function newestSchemas({ graph, facts, standing }: Options, past?: Past): Node[] {
  const standingOnes = facts.schemas(past).filter((node) => standing.stands(node, past))
  return toNewest(graph, standingOnes).sort(byHash)
}

/** The newest minimum that stands; of several set side by side the highest, which ends no right and loses nothing. */
export function minimumVersion({ graph, facts, standing }: Options): number {
  const newest = toNewest(
    graph,
    facts.minimums().filter((node) => standing.stands(node)),
  )
  return Math.max(0, ...newest.map(({ content }) => (content.kind === 'minimum' ? content.body.version : 0)))
}
