import { equalBytes } from '../bytes/index.ts'
import type { Header } from '../change/index.ts'
import type { Facts } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import { nodeToDevice, nodeToPersonId, type Person } from './person.ts'
import type { Rank } from './rank.ts'
import { type HeldBack, heldBack } from './verdict.ts'

/** Who made a change, by what it names. */
export type Author = {
  readonly person: Person
  readonly rank: Rank
  readonly role: string
  /** The genesis, grant or join that it names; in a person's own space the admission. */
  readonly grant: Node
}

/**
 * The author of a change whose past is whole: its admission must admit its device, its grant must be one to that
 * person. In a person's own space the admission is the grant, and every device an owner (rule 9).
 */
export function resolveAuthor(
  graph: Graph,
  facts: Facts,
  header: Header,
  space: Uint8Array,
): { author: Author } | { verdict: HeldBack } {
  const found = resolveDevice(graph, facts, header, space)
  if ('verdict' in found) return found
  const { person } = found
  const grant = graph.find(header.grant)
  if (grant === undefined || !facts.isApplied(grant)) return notMember('Its grant is not valid.')
  if (equalBytes(header.space, person.id)) {
    if (!equalBytes(header.grant, header.admission)) return notMember('Its grant is not its admission.')
    return { author: { person, rank: 'owner', role: 'owner', grant } }
  }
  if (!equalBytes(header.space, space)) return { verdict: heldBack('other-space') }
  const right = facts.right(grant)
  if (right === undefined || !equalBytes(right.person, person.id)) return notMember('Its grant is for somebody else.')
  return { author: { person, rank: right.rank, role: right.role, grant } }
}

/** The person whose device made a change. */
export function resolveDevice(
  graph: Graph,
  facts: Facts,
  header: Header,
  space: Uint8Array,
): { person: Person } | { verdict: HeldBack } {
  const admission = graph.find(header.admission)
  if (admission === undefined || !facts.isApplied(admission)) return notMember('Its device was not admitted.')
  const admitted = nodeToDevice(admission)
  if (admitted === undefined || !equalBytes(admitted.device, header.device)) {
    return notMember('Its device was not admitted.')
  }
  const id = nodeToPersonId(admission, space) ?? space
  const person = facts.person(id)
  return person === undefined ? notMember('Its person is not known.') : { person }
}

function notMember(detail: string): { verdict: HeldBack } {
  return { verdict: heldBack('not-member', detail) }
}
