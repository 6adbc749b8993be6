import { equalBytes } from '../bytes/index.ts'
import type { Verifying } from '../ports/index.ts'
import { type Author, resolveAuthor, resolveDevice } from './author.ts'
import {
  type EpochBody,
  type GrantBody,
  type JoinBody,
  joinToSign,
  recipientsToHash,
  type ShareBody,
} from './bodies/index.ts'
import type { Facts } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import { isRankAtLeast, levelDue, levelNumbers, mayGrant } from './rank.ts'
import { type HeldBack, heldBack } from './verdict.ts'

/** Applied, held back for a reason, or something that a newer version must judge (the space is then read-only here). */
export type Verdict = 'applied' | 'unsupported' | HeldBack

export type JudgeOptions = {
  readonly crypto: Verifying
  readonly graph: Graph
  readonly facts: Facts
  readonly space: Uint8Array
  /** Whether a schema record only adds to the ones before (rule 7: then any writer may publish it). */
  readonly schemaOnlyAdds: (record: Uint8Array, before: readonly Uint8Array[]) => boolean
}

/**
 * The verdict on a whole membership change. It reads the change and its causal past alone, so that it is the same
 * wherever and whenever it is computed.
 */
export function judgeChange(options: JudgeOptions, node: Node): Verdict {
  const { graph, facts, space } = options
  const { content, change } = node
  const { header } = change
  if (content.kind === 'malformed') return heldBack('malformed', content.reason)
  if (header.epoch.length > 0 || header.schema.length > 0) {
    return heldBack('malformed', 'A membership change names no epoch and no schema.')
  }
  if (content.kind === 'genesis') return judgeGenesis(options, node)
  if (header.space.length !== 32) return heldBack('malformed', 'Only a genesis names no space.')
  if (content.kind === 'join') return judgeJoin(options, node, content.body)
  const found = resolveAuthor(graph, facts, header, space)
  if ('verdict' in found) return found.verdict
  return equalBytes(header.space, space) && facts.person(space) === undefined
    ? judgeInSpace(options, node, found.author)
    : judgeInPerson(options, node, found.author)
}

/**
 * Kinds whose evaluation comes with the next version of the rules: by somebody who may issue them they make the space
 * read-only, exactly as a kind that nobody has thought of yet would.
 */
function judgeLater(author: Author, node: Node): Verdict {
  switch (node.content.kind) {
    case 'deviceCut':
    case 'broken':
      return 'unsupported'
    case 'removal':
      return isRankAtLeast(author.rank, 'admin') ? 'unsupported' : heldBack('rank-too-low')
    case 'admission':
      return 'unsupported'
    default:
      return isRankAtLeast(author.rank, 'admin') ? 'unsupported' : heldBack('unknown-kind')
  }
}

function judgeGenesis({ graph, facts, space }: JudgeOptions, node: Node): Verdict {
  const { content, change } = node
  const { header } = change
  if (content.kind !== 'genesis') return heldBack('malformed')
  if (header.space.length > 0 || header.grant.length > 0 || header.seq !== 0) {
    return heldBack('malformed', 'A genesis begins its space.')
  }
  if (content.body.type === 'person') {
    return header.admission.length > 0 ? heldBack('malformed', 'A person admits itself.') : 'applied'
  }
  if (!equalBytes(change.hash, space)) return heldBack('other-space')
  const found = resolveDevice(graph, facts, header, space)
  if ('verdict' in found) return found.verdict
  return equalBytes(found.person.id, content.body.person) ? 'applied' : heldBack('not-member')
}

function judgeInSpace(options: JudgeOptions, node: Node, author: Author): Verdict {
  const { content } = node
  switch (content.kind) {
    case 'grant':
      return judgeGrant(options, node, author, content.body)
    case 'epoch':
      return judgeEpoch(options, node, author, content.body)
    case 'share':
      return judgeShare(options, node, content.body)
    case 'schema':
      return judgeSchema(options, node, author, content.body.record)
    case 'merge':
      return 'applied'
    case 'keys':
    case 'admission':
      return heldBack('malformed', 'It belongs to a person, not to a space.')
    default:
      return judgeLater(author, node)
  }
}

/** A person's own space holds membership and keys only (rule 11). */
function judgeInPerson(options: JudgeOptions, node: Node, author: Author): Verdict {
  const { content, change } = node
  switch (content.kind) {
    case 'keys':
    case 'merge':
      return 'applied'
    case 'epoch':
      return judgeEpoch(options, node, author, content.body)
    case 'grant':
    case 'share':
    case 'schema':
      return heldBack('malformed', 'It belongs to a space, not to a person.')
    default:
      // A person's epoch record is carried into other spaces without its body (rule 11): nothing there to judge.
      return change.body === undefined ? 'applied' : judgeLater(author, node)
  }
}

function judgeGrant({ facts, graph }: JudgeOptions, node: Node, author: Author, body: GrantBody): Verdict {
  if (!mayGrant(author.rank, body.rank)) {
    return heldBack('rank-too-low', `A member of rank ${author.rank} cannot grant ${body.rank}.`)
  }
  if (body.type === 'invite') return 'applied'
  const person = facts.person(body.person)
  const isKnown = person !== undefined && graph.isInPast(person.genesis, node.past)
  return isKnown ? 'applied' : heldBack('person-unknown')
}

function judgeJoin(options: JudgeOptions, node: Node, body: JoinBody): Verdict {
  const { crypto, graph, facts, space } = options
  const { header } = node.change
  if (!equalBytes(header.space, space)) return heldBack('other-space')
  const found = resolveDevice(graph, facts, header, space)
  if ('verdict' in found) return found.verdict
  const { person } = found
  if (!equalBytes(person.id, body.person) || !equalBytes(person.address, body.address)) {
    return heldBack('bad-join', 'It names somebody else.')
  }
  const grant = graph.find(header.grant)
  const invite = grant !== undefined && facts.isApplied(grant) ? facts.invite(grant) : undefined
  if (grant === undefined || invite === undefined) return heldBack('bad-join', 'There is no such invite.')
  const message = joinToSign(space, body.person, body.address)
  if (!crypto.ed25519Verify(body.signature, message, invite.inviteKey)) return heldBack('bad-join')
  // By the join's own past and time, never by ours: what one replica accepts, all do (rule 20).
  if (invite.expires !== null && header.time.ms > invite.expires) return heldBack('invite-expired')
  const isSpent = invite.uses !== null && facts.joins(grant, node.past).length >= invite.uses
  return isSpent ? heldBack('invite-used') : 'applied'
}

function judgeEpoch(options: JudgeOptions, node: Node, author: Author, body: EpochBody): Verdict {
  const { crypto, facts } = options
  if (!isRankAtLeast(author.rank, 'writer')) return heldBack('rank-too-low')
  const isAdmin = isRankAtLeast(author.rank, 'admin')
  if (!isAdmin && (body.policy.admin !== undefined || body.commitments.admin !== undefined)) {
    return heldBack('bad-epoch', 'A writer starts no epoch with an admin key.')
  }
  if ((body.policy.admin === undefined) !== (body.commitments.admin === undefined)) {
    return heldBack('bad-epoch', 'Its admin key has no secret.')
  }
  if (!isAdmin && facts.epochs(node.past).length > 0) return heldBack('epoch-not-owed')
  const highest = body.commitments.admin === undefined ? 'write' : 'admin'
  const recipients = facts.recipients(node.change.header.space, highest, node.past)
  const isSame = equalBytes(recipientsToHash(crypto, recipients), body.recipientsHash)
  return isSame ? 'applied' : heldBack('bad-epoch', 'It is not sealed to exactly the members of its time.')
}

function judgeShare({ graph, facts }: JudgeOptions, node: Node, body: ShareBody): Verdict {
  const epoch = graph.find(body.epoch)
  if (epoch?.content.kind !== 'epoch' || !facts.isApplied(epoch) || !graph.isInPast(epoch, node.past)) {
    return heldBack('bad-epoch')
  }
  const highest = epoch.content.body.commitments.admin === undefined ? 'write' : 'admin'
  const rights = facts.rights(node.past)
  const isDue = body.boxes.every(({ person, level }) =>
    rights.some((right) => {
      const due = levelDue(right.rank, highest)
      return equalBytes(right.person, person) && levelNumbers[level] <= levelNumbers[due]
    }),
  )
  return isDue ? 'applied' : heldBack('bad-share')
}

function judgeSchema(options: JudgeOptions, node: Node, author: Author, record: Uint8Array): Verdict {
  if (isRankAtLeast(author.rank, 'admin')) return 'applied'
  if (!isRankAtLeast(author.rank, 'writer')) return heldBack('rank-too-low')
  const before = options.facts
    .newestSchemas(node.past)
    .flatMap(({ content }) => (content.kind === 'schema' ? [content.body.record] : []))
  const onlyAdds = before.length > 0 && options.schemaOnlyAdds(record, before)
  return onlyAdds ? 'applied' : heldBack('rank-too-low', 'A writer publishes only what adds tables or columns.')
}
