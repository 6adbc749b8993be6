import { type Facts, byHash, toNewest } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import type { Past } from './past.ts'
import type { Standing } from './standing.ts'

/** Schema records of a set that stand and that no other such has superseded; by hash. */
export function newestSchemas(
  { graph, facts, standing }: { readonly graph: Graph; readonly facts: Facts; readonly standing: Standing },
  past?: Past,
): Node[] {
  const standingOnes = facts.schemas(past).filter((node) => standing.stands(node, past))
  return toNewest(graph, standingOnes).sort(byHash)
}
