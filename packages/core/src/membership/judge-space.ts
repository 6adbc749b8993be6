import { equalBytes } from '../bytes/index.ts'
import { type Author, resolveDevice } from './author.ts'
import {
  type DeviceCutBody,
  type GrantBody,
  type JoinBody,
  joinToSign,
  type RemovalBody,
  type SchemaBody,
} from './bodies/index.ts'
import type { Right } from './facts.ts'
import type { Node } from './graph.ts'
import type { Judged, JudgeOptions, Verdict } from './judge.ts'
import { judgeBroken, judgeEpoch, judgeShare } from './judge-epoch.ts'
import { isRankAtLeast, mayGrant, type Rank, rankNumbers } from './rank.ts'
import { newestSchemas } from './schemas.ts'
import { heldBack } from './verdict.ts'

/** Changes in a shared space whose author was found. */
export function judgeInSpace(options: JudgeOptions, node: Node, author: Author): Verdict {
  const { content } = node
  switch (content.kind) {
    case 'grant':
      return judgeGrant(options, node, author, content.body)
    case 'removal':
      return judgeRemoval(options, node, author, content.body)
    case 'epoch':
      return judgeEpoch(options, node, author, content.body)
    case 'share':
      return judgeShare(options, node, content.body)
    case 'broken':
      return judgeBroken(options, node, author, content.body)
    case 'schema':
      return judgeSchema(options, node, author, content.body)
    case 'deviceCut':
      return judgeDeviceCut(options, node, author, content.body)
    case 'minimum':
      return isRankAtLeast(author.rank, 'admin') ? 'applied' : heldBack('rank-too-low')
    case 'merge':
    case 'profile':
      return 'applied'
    case 'keys':
    case 'admission':
      return heldBack('malformed', 'It belongs to a person, not to a space.')
    default:
      // A kind of a newer version (rule 6): by an admin it may end anybody's rights, by others it can do no such thing.
      return isRankAtLeast(author.rank, 'admin') ? 'unsupported' : heldBack('unknown-kind')
  }
}

function judgeGrant({ facts, graph }: JudgeOptions, node: Node, author: Author, body: GrantBody): Verdict {
  const denied = checkGrant(author, body.rank)
  if (denied !== undefined) return denied
  if (body.type === 'invite') return 'applied'
  const person = facts.person(body.person)
  const isKnown = person !== undefined && graph.isInPast(person.genesis, node.past)
  return isKnown ? 'applied' : heldBack('person-unknown')
}

function checkGrant(author: Author, rank: Rank): Verdict | undefined {
  if (mayGrant(author.rank, rank)) return undefined
  return heldBack('rank-too-low', `A member of rank ${author.rank} cannot grant ${rank}.`)
}

/**
 * Only a strictly higher rank removes (rule 2); but anybody may end what he was given himself. A lower grant in the same change
 * is how somebody is demoted (rule 1).
 */
function judgeRemoval({ graph, facts }: JudgeOptions, node: Node, author: Author, body: RemovalBody): Verdict {
  const named: (Right | { readonly person: undefined; readonly rank: Rank })[] = []
  for (const hash of body.grants) {
    const grant = graph.find(hash)
    if (grant === undefined || !graph.isInPast(grant, node.past) || !facts.isApplied(grant)) {
      return heldBack('malformed', 'It ends a grant that its author had not seen.')
    }
    const invite = facts.invite(grant)
    const right = invite === undefined ? facts.right(grant) : { person: undefined, rank: invite.rank }
    if (right === undefined) return heldBack('malformed', 'It ends what is no grant.')
    named.push(right)
  }
  if (named.length === 0) return heldBack('malformed', 'It ends nothing.')
  const isOwn = (person: Uint8Array | undefined): boolean =>
    person !== undefined && author.rank !== 'recovery' && equalBytes(person, author.person.id)
  const isLeaving = named.every(({ person }) => isOwn(person))
  if (!isLeaving && named.some(({ rank }) => rankNumbers[rank] >= rankNumbers[author.rank])) {
    return heldBack('rank-too-low', `A member of rank ${author.rank} removes only lower ones.`)
  }
  const { replacement } = body
  if (replacement === undefined) return 'applied'
  if (!named.some(({ person }) => person !== undefined && equalBytes(person, replacement.person))) {
    return heldBack('malformed', 'It lowers somebody whose grants it does not end.')
  }
  // Whoever steps down needs nobody's leave for the lower rank.
  const isStepDown = isLeaving && rankNumbers[replacement.rank] < rankNumbers[author.rank]
  return (isStepDown ? undefined : checkGrant(author, replacement.rank)) ?? 'applied'
}

/** By any live device of a member whose device it cuts, whatever its rank, once it has seen the revocation (rule 10). */
function judgeDeviceCut({ graph, facts }: JudgeOptions, node: Node, author: Author, body: DeviceCutBody): Verdict {
  const revocation = graph.find(body.revocation)
  const isSeen =
    revocation?.content.kind === 'removal' &&
    graph.isInPast(revocation, node.past) &&
    facts.isApplied(revocation) &&
    equalBytes(revocation.change.header.space, author.person.id)
  return isSeen ? 'applied' : heldBack('malformed', 'It repeats no revocation of its own person.')
}

/** What one replica accepts all do: by the join's own past and time, never by ours (rule 20). */
export function judgeJoin(options: JudgeOptions, node: Node, body: JoinBody): Judged {
  const { crypto, graph, facts, standing, space } = options
  const { header } = node.change
  if (!equalBytes(header.space, space)) return { verdict: heldBack('other-space') }
  const found = resolveDevice(options, header, node.past)
  if ('verdict' in found) return found
  const { person, admission } = found
  if (!equalBytes(person.id, body.person) || !equalBytes(person.address, body.address)) {
    return { verdict: heldBack('bad-join', 'It names somebody else.') }
  }
  const grant = graph.find(header.grant)
  const invite = grant !== undefined && facts.isApplied(grant) ? facts.invite(grant) : undefined
  if (grant === undefined || invite === undefined) {
    return { verdict: heldBack('bad-join', 'There is no such invite.') }
  }
  const message = joinToSign(space, body.person, body.address)
  if (!crypto.ed25519Verify(body.signature, message, invite.inviteKey)) return { verdict: heldBack('bad-join') }
  if (standing.isEnded(grant, node.past)) return { verdict: heldBack('invite-ended') }
  if (!standing.stands(grant, node.past)) return { verdict: heldBack('rests-on-void') }
  if (invite.expires !== null && header.time.ms > invite.expires) return { verdict: heldBack('invite-expired') }
  // Counted only where it matters: each of a thousand joins would look at all before it.
  if (invite.uses !== null) {
    const joins = facts.joins(grant, node.past).filter((join) => standing.stands(join, node.past))
    if (joins.length >= invite.uses) return { verdict: heldBack('invite-used') }
  }
  const { rank, role } = invite
  return { verdict: 'applied', author: { person, rank, role, grant, warrants: [grant, admission] } }
}

function judgeSchema(options: JudgeOptions, node: Node, author: Author, body: SchemaBody): Verdict {
  if (!isRankAtLeast(author.rank, 'writer')) return heldBack('rank-too-low')
  const before = newestSchemas(options, node.past).flatMap(({ content }) =>
    content.kind === 'schema' ? [content.body.record] : [],
  )
  const step = before.length === 0 ? 'changes' : options.schemaStep(body.record, before)
  if (step === 'breaks') return heldBack('bad-schema', 'It changes the type or key of something that has rows.')
  if (isRankAtLeast(author.rank, 'admin')) return 'applied'
  const onlyAdds = step === 'adds' && body.cut === undefined
  return onlyAdds ? 'applied' : heldBack('rank-too-low', 'A writer publishes only what adds tables or columns.')
}
