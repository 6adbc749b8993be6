import { equalBytes, toHex } from '../bytes/index.ts'
import type { Author } from './author.ts'
import { type AdmissionBody, type KeysBody, type RemovalBody, toTag } from './bodies/index.ts'
import type { Node } from './graph.ts'
import type { JudgeOptions, Verdict } from './judge.ts'
import { judgeEpoch } from './judge-epoch.ts'
import { nodeToDevice, nodeToPersonId } from './person.ts'
import { heldBack } from './verdict.ts'
import { nodeToTags } from './view.ts'

/** Changes in a person's own space: devices are its members, all owners; it holds membership and keys only (rules 9 and 11). */
export function judgeInPerson(options: JudgeOptions, node: Node, author: Author): Verdict {
  const { content, change } = node
  switch (content.kind) {
    case 'merge':
      return 'applied'
    case 'admission':
      return judgeAdmission(options, node, author, content.body)
    case 'keys':
      return judgeKeys(options, node, author, content.body)
    case 'removal':
      return judgeRevocation(options, node, content.body)
    case 'epoch':
      return judgeEpoch(options, node, author, content.body)
    case 'broken':
      return 'applied'
    case 'grant':
    case 'share':
    case 'schema':
    case 'minimum':
    case 'deviceCut':
    case 'profile':
      return heldBack('malformed', 'It belongs to a space, not to a person.')
    default:
      // A person's epoch record is carried into other spaces without its body (rule 11): nothing there to judge.
      return change.body === undefined ? 'applied' : 'unsupported'
  }
}

/** Whoever holds a device may end another: what both did before the other's cut stands, and the recovery key re-admits (rule 9). */
function judgeRevocation({ graph, facts, space }: JudgeOptions, node: Node, body: RemovalBody): Verdict {
  const home = node.change.header.space
  if (body.replacement !== undefined) return heldBack('malformed', 'A device has no rank to be lowered to.')
  for (const hash of body.grants) {
    const admission = graph.find(hash)
    const isSeen = admission !== undefined && graph.isInPast(admission, node.past) && facts.isApplied(admission)
    if (!isSeen || nodeToDevice(admission) === undefined) return heldBack('malformed', 'It ends what admits no device.')
    const person = nodeToPersonId(admission, space) ?? space
    if (!equalBytes(person, home)) return heldBack('malformed', 'It ends a device of somebody else.')
  }
  return body.grants.length > 0 ? 'applied' : heldBack('malformed', 'It ends nothing.')
}

/** A device lets others in to what it serves itself, and to nothing else (rule 11): one that has a single app must not hand itself the rest. */
function judgeAdmission({ views }: JudgeOptions, node: Node, author: Author, body: AdmissionBody): Verdict {
  if (author.rank === 'recovery') return 'applied'
  const { device, space: person } = node.change.header
  const serves = (tag: Uint8Array): boolean =>
    views.devicesOfTag(person, tag, node.past).some((serving) => equalBytes(serving.device, device))
  return body.tags.every(serves) ? 'applied' : heldBack('bad-keys', 'The device does not serve the tag.')
}

/** Only a device of a tag renews it, for exactly the devices of the tag; a tag that nobody has is its own to bring in (rule 11). */
function judgeKeys(options: JudgeOptions, node: Node, author: Author, body: KeysBody): Verdict {
  const { views, facts, crypto } = options
  const { device, space: person } = node.change.header
  for (const { tag, boxes } of body.keys) {
    const devices = new Map(
      views.devicesOfTag(person, tag, node.past).map((serving) => [toHex(serving.device), serving.device]),
    )
    const isKnown =
      facts.admissionsOf(person, node.past).some((at) => nodeToTags(at).some((known) => equalBytes(known, tag))) ||
      facts.keysOf(person, node.past).some(({ content }) => hasTag(content, tag))
    // Bound to its device: as if it did not know of a tag that others have, nobody can bring it in once more.
    if (!isKnown && author.rank !== 'recovery' && equalBytes(tag, toTag(crypto, device, body.salt)))
      devices.set(toHex(device), device)
    if (author.rank !== 'recovery' && !devices.has(toHex(device))) {
      return heldBack('bad-keys', 'The device does not serve the tag.')
    }
    const isExact = boxes.length === devices.size && boxes.every((box) => devices.has(toHex(box.device)))
    if (!isExact) return heldBack('bad-keys', 'It is not sealed to exactly the devices of the tag.')
  }
  return 'applied'
}

function hasTag(content: Node['content'], tag: Uint8Array): boolean {
  return content.kind === 'keys' && content.body.keys.some((key) => equalBytes(key.tag, tag))
}
