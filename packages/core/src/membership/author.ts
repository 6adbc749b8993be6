import { equalBytes } from '../bytes/index.ts'
import type { Header } from '../change/index.ts'
import type { Facts } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import type { Past } from './past.ts'
import { nodeToDevice, nodeToPersonId, type Person } from './person.ts'
import type { Rank } from './rank.ts'
import type { Standing } from './standing.ts'
import { type HeldBack, heldBack } from './verdict.ts'

/** Who made a change, by what it names. */
export type Author = {
  /** Of a space's recovery key, its creator. */
  readonly person: Person
  readonly rank: Rank
  readonly role: string
  /** The genesis, grant or join that it names; in a person's own space the admission. */
  readonly grant: Node
  /** What has to stand for the change to stand: grant and admission; nothing for a recovery key. */
  readonly warrants: readonly Node[]
}

export type Found<Result> = Result | { readonly verdict: HeldBack }

export type AuthorOptions = {
  readonly graph: Graph
  readonly facts: Facts
  readonly standing: Standing
  readonly space: Uint8Array
}

/**
 * The author of a change with this causal past: its admission must admit its device, its grant be one to that person, and both be
 * live in that past. In a person's own space the admission is the grant, and every device an owner (rule 9).
 */
export function resolveAuthor(options: AuthorOptions, header: Header, past: Past): Found<{ author: Author }> {
  const { graph, facts, space } = options
  const recovery = resolveRecovery(options, header)
  if (recovery !== undefined) return { author: recovery }
  const found = resolveDevice(options, header, past)
  if ('verdict' in found) return found
  const { person, admission } = found
  const grant = graph.find(header.grant)
  if (grant === undefined || !facts.isApplied(grant)) return notMember('Its grant is not valid.')
  if (equalBytes(header.space, person.id)) {
    if (grant !== admission) return notMember('Its grant is not its admission.')
    return { author: { person, rank: 'owner', role: 'owner', grant, warrants: [admission] } }
  }
  if (!equalBytes(header.space, space)) return { verdict: heldBack('other-space') }
  const right = facts.right(grant)
  if (right === undefined || !equalBytes(right.person, person.id)) return notMember('Its grant is for somebody else.')
  const ended = checkLive(options, grant, past, 'removed')
  if (ended !== undefined) return { verdict: ended }
  return { author: { person, rank: right.rank, role: right.role, grant, warrants: [grant, admission] } }
}

/** The person whose device made a change. */
export function resolveDevice(
  options: AuthorOptions,
  header: Header,
  past: Past,
): Found<{ person: Person; admission: Node }> {
  const { graph, facts, space } = options
  const admission = graph.find(header.admission)
  if (admission === undefined || !facts.isApplied(admission)) return notMember('Its device was not admitted.')
  const admitted = nodeToDevice(admission)
  if (admitted === undefined || !equalBytes(admitted.device, header.device)) {
    return notMember('Its device was not admitted.')
  }
  const person = facts.person(nodeToPersonId(admission, space) ?? space)
  if (person === undefined) return notMember('Its person is not known.')
  const ended = checkLive(options, admission, past, 'device-revoked')
  return ended === undefined ? { person, admission } : { verdict: ended }
}

/**
 * The person by whose admission a content change was signed, whatever has become of admission and grant since: a re-issue keeps the
 * authors of what it gives effect to (rule 5). The same for ever, once the admission is here.
 */
export function resolveWriter({ graph, facts, space }: AuthorOptions, header: Header): Person | undefined {
  const admission = graph.find(header.admission)
  if (admission === undefined || !facts.isApplied(admission)) return undefined
  const admitted = nodeToDevice(admission)
  if (admitted === undefined || !equalBytes(admitted.device, header.device)) return undefined
  return facts.person(nodeToPersonId(admission, space) ?? space)
}

/** A recovery key signs as the highest rank where a genesis names it: grant and admission are that genesis (rule 12). */
function resolveRecovery({ graph, facts, space }: AuthorOptions, header: Header): Author | undefined {
  if (!equalBytes(header.grant, header.admission) || !equalBytes(header.grant, header.space)) return undefined
  const grant = graph.find(header.grant)
  if (grant?.content.kind !== 'genesis' || !facts.isApplied(grant)) return undefined
  const { body } = grant.content
  if (body.recovery === undefined || !equalBytes(body.recovery.signing, header.device)) return undefined
  if (body.type === 'space' && !equalBytes(header.space, space)) return undefined
  const person = facts.person(body.type === 'space' ? body.person : grant.change.hash)
  return person && { person, rank: 'recovery', role: 'owner', grant, warrants: [] }
}

function checkLive(
  { standing }: AuthorOptions,
  warrant: Node,
  past: Past,
  ended: 'removed' | 'device-revoked',
): HeldBack | undefined {
  if (standing.isEnded(warrant, past)) return heldBack(ended)
  return standing.stands(warrant, past) ? undefined : heldBack('rests-on-void')
}

function notMember(detail: string): { verdict: HeldBack } {
  return { verdict: heldBack('not-member', detail) }
}
