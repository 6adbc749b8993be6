import { type Facts, byHash, toNewest } from './facts.ts'
import type { Node } from './graph.ts'
import type { Past } from './past.ts'
import type { Standing } from './standing.ts'

type Options = { readonly facts: Facts; readonly standing: Standing }

/** Schema records of a set that stand and that no other such has superseded; by hash. */
export function newestSchemas({ facts, standing }: Options, past?: Past): Node[] {
  const standingOnes = facts.schemas(past).filter((node) => standing.stands(node, past))
  return toNewest(standingOnes).sort(byHash)
}

/** The newest minimum that stands; of several set side by side the highest, which ends no right and loses nothing. */
export function minimumVersion({ facts, standing }: Options): number {
  const newest = toNewest(facts.minimums().filter((node) => standing.stands(node)))
  return Math.max(0, ...newest.map(({ content }) => (content.kind === 'minimum' ? content.body.version : 0)))
}
