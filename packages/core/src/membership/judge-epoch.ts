import { equalBytes } from '../bytes/index.ts'
import { labelledHash } from '../crypto/verify/index.ts'
import type { Author } from './author.ts'
import { type BrokenBody, type EpochBody, recipientsToHash, type ShareBody } from './bodies/index.ts'
import { bodyToHighest } from './epochs.ts'
import type { Node } from './graph.ts'
import type { JudgeOptions, Verdict } from './judge.ts'
import { isRankAtLeast, levelDue, levelNumbers } from './rank.ts'
import { heldBack } from './verdict.ts'

/** A record is void unless its list is exactly that of its own past, and it was owed or its author is an admin (rule 15). */
export function judgeEpoch(options: JudgeOptions, node: Node, author: Author, body: EpochBody): Verdict {
  const { crypto, epochs, views, space } = options
  if (!isRankAtLeast(author.rank, 'writer')) return heldBack('rank-too-low')
  const isAdmin = isRankAtLeast(author.rank, 'admin')
  const hasAdminKey = body.policy.admin !== undefined || body.commitments.admin !== undefined
  if (!isAdmin && hasAdminKey) return heldBack('bad-epoch', 'A writer starts no epoch with an admin key.')
  if ((body.policy.admin === undefined) !== (body.commitments.admin === undefined)) {
    return heldBack('bad-epoch', 'Its admin key has no secret.')
  }
  if (body.publicSecret !== undefined) {
    if (!isAdmin) return heldBack('rank-too-low', 'Only an admin makes a space public.')
    const commitment = labelledHash(crypto, 'kith/1 commit read', body.publicSecret)
    if (!equalBytes(commitment, body.commitments.read)) {
      return heldBack('bad-epoch', 'What it publishes is not its read secret.')
    }
  }
  // Another person's epoch, carried whole: its list is that person's own business.
  if (!equalBytes(node.change.header.space, space)) return 'applied'
  if (!isAdmin && epochs.clean(node.past).length > 0) return heldBack('epoch-not-owed')
  const recipients = views.of(node.past).recipients(bodyToHighest(body))
  if (!equalBytes(recipientsToHash(crypto, recipients), body.recipientsHash)) {
    return heldBack('bad-epoch', 'It is not sealed to exactly the members of its time.')
  }
  epochs.add(node, recipients)
  return 'applied'
}

/** By any holder, to members of its own past, and to each no more than due (rule 14). */
export function judgeShare({ graph, facts, views }: JudgeOptions, node: Node, body: ShareBody): Verdict {
  const epoch = graph.find(body.epoch)
  if (epoch?.content.kind !== 'epoch' || !facts.isApplied(epoch) || !graph.isInPast(epoch, node.past)) {
    return heldBack('bad-epoch')
  }
  const highest = bodyToHighest(epoch.content.body)
  const isDue = body.boxes.every(({ person, level }) => {
    const member = views.member(person, node.past)
    return member !== undefined && levelNumbers[level] <= levelNumbers[levelDue(member.best.rank, highest)]
  })
  return isDue ? 'applied' : heldBack('bad-share')
}

/** By somebody who was given the epoch's secret, or should have been. */
export function judgeBroken(
  { graph, facts, epochs }: JudgeOptions,
  node: Node,
  author: Author,
  body: BrokenBody,
): Verdict {
  const epoch = graph.find(body.epoch)
  if (epoch === undefined || !facts.isApplied(epoch) || !graph.isInPast(epoch, node.past)) return heldBack('bad-epoch')
  const wasGiven = epochs.sealedTo(epoch, node.past).some(({ id }) => equalBytes(id, author.person.id))
  return wasGiven ? 'applied' : heldBack('not-broken')
}
