import { compareBytes, equalBytes, toHex } from '../bytes/index.ts'
import type { Recipient, TagKey } from './bodies/index.ts'
import { byHash, type Facts, type Right, toNewest } from './facts.ts'
import type { Graph, Node } from './graph.ts'
import type { Past } from './past.ts'
import { nodeToDevice } from './person.ts'
import { type Level, levelDue, type Rank, rankNumbers } from './rank.ts'
import type { Standing } from './standing.ts'

/** Who is in, for one set of changes: a causal past, or all that is here. */
export type View = {
  readonly members: ReadonlyMap<string, MemberRights>
  /** Open invites by the hash of their grant, with the rank that they give. */
  readonly invites: ReadonlyMap<string, { readonly node: Node; readonly rank: Rank }>
  /** Live devices, where the space is a person's own. */
  readonly devices: () => readonly LiveDevice[]
  /** Whom an epoch must be sealed to that starts now, by id ascending. */
  readonly recipients: (highest: Level) => Recipient[]
}

export type MemberRights = {
  /** Of the highest rank; of several the one with the lowest hash. */
  readonly best: Right
  /** All that are live. */
  readonly all: readonly Right[]
}

export type LiveDevice = { readonly device: Uint8Array; readonly sealing: Uint8Array; readonly admission: Node }

export type Views = {
  readonly of: (past?: Past) => View
  /** One person's rights, without looking at everybody's; undefined for who has none. */
  readonly member: (person: Uint8Array, past?: Past) => MemberRights | undefined
  /** Forgets what it has worked out about all that is here. */
  readonly changed: () => void
  /** Live devices, each once, by key ascending. */
  readonly devices: (person: Uint8Array, past?: Past) => LiveDevice[]
  /** A person's newest sealing key under a tag. */
  readonly sealingKey: (person: Uint8Array, tag: Uint8Array, past?: Past) => Uint8Array | undefined
  /** The same, to seal to: none while a device has it that is out, or who holds that would read on. */
  readonly recipientKey: (person: Uint8Array, tag: Uint8Array, past?: Past) => Uint8Array | undefined
  /** Live devices that serve a tag: their admission names it, or they brought it in by a `keys` change. */
  readonly devicesOfTag: (person: Uint8Array, tag: Uint8Array, past?: Past) => LiveDevice[]
}

export function createViews(graph: Graph, facts: Facts, standing: Standing, space: Uint8Array): Views {
  const isLive = (node: Node, past: Past | undefined): boolean =>
    (past === undefined || graph.isInPast(node, past)) && standing.isLive(node, past)

  const devices: Views['devices'] = (person, past) => {
    const live = new Map<string, LiveDevice>()
    // One that was admitted twice goes by the admission of the lower hash.
    for (const admission of facts.admissionsOf(person, past).toSorted(byHash)) {
      const found = isLive(admission, past) ? nodeToDevice(admission) : undefined
      const key = found && toHex(found.device)
      if (found !== undefined && key !== undefined && !live.has(key)) live.set(key, { ...found, admission })
    }
    return [...live.values()].sort((a, b) => compareBytes(a.device, b.device))
  }

  const keysNaming = (person: Uint8Array, tag: Uint8Array, past: Past | undefined): Node[] =>
    facts.keysOf(person, past).filter((node) => findKey(node, tag) !== undefined && standing.stands(node, past))

  /** Two devices may renew a key without knowing of each other: the lower hash counts. */
  const newestKeys = (person: Uint8Array, tag: Uint8Array, past: Past | undefined): TagKey[] =>
    toNewest(keysNaming(person, tag, past))
      .sort(byHash)
      .flatMap((node) => findKey(node, tag) ?? [])

  const sealingKey: Views['sealingKey'] = (person, tag, past) => newestKeys(person, tag, past)[0]?.sealing

  const recipientKey: Views['recipientKey'] = (person, tag, past) => {
    const keys = newestKeys(person, tag, past)
    // Most people have ended no device: then nobody is looked up.
    if (facts.revocationsOf(person).length === 0) return keys[0]?.sealing
    const live = new Set(devices(person, past).map(({ device }) => toHex(device)))
    return keys.find(({ boxes }) => boxes.every(({ device }) => live.has(toHex(device))))?.sealing
  }

  const devicesOfTag: Views['devicesOfTag'] = (person, tag, past) => {
    const bringers = keysNaming(person, tag, past).map(({ change }) => change.header.device)
    const serving = facts
      .admissionsOf(person, past)
      .filter((node) => isLive(node, past) && nodeToTags(node).some((named) => equalBytes(named, tag)))
      .flatMap((node) => nodeToDevice(node)?.device ?? [])
    return devices(person, past).filter(({ device }) =>
      [...serving, ...bringers].some((other) => equalBytes(other, device)),
    )
  }

  const member: Views['member'] = (person, past) => {
    const all = facts.rightsOf(person).filter(({ grant }) => isLive(grant, past))
    const [first, ...others] = all
    if (first === undefined) return undefined
    return { best: others.reduce((best, right) => (isBetter(right, best) ? right : best), first), all }
  }

  const memberRights = (past: Past | undefined): Map<string, MemberRights> => {
    const members = new Map<string, MemberRights>()
    for (const id of facts.everybody()) {
      const rights = member(id, past)
      if (rights !== undefined) members.set(toHex(id), rights)
    }
    return members
  }

  let present: View | undefined
  /** Who an epoch is sealed to is asked of each of them in the same past. What a past holds never changes. */
  let former: { readonly past: Past; readonly view: View } | undefined
  const of = (past?: Past): View => {
    if (past === undefined) return (present ??= compute(undefined))
    if (former?.past !== past) former = { past, view: compute(past) }
    return former.view
  }

  const compute = (past: Past | undefined): View => {
    const members = memberRights(past)
    const invites = new Map<string, { node: Node; rank: Rank }>()
    for (const node of facts.invites(past).toSorted(byHash)) {
      const invite = facts.invite(node)
      if (invite !== undefined && isLive(node, past)) invites.set(node.key, { node, rank: invite.rank })
    }
    const person = facts.person(space)
    const liveDevices = (): LiveDevice[] => (person === undefined ? [] : devices(person.id, past))

    const recipients: View['recipients'] = (highest) => {
      const list: Recipient[] = []
      if (person === undefined) {
        for (const { best } of members.values()) {
          const sealing = recipientKey(best.person, best.tag, past)
          list.push({ id: best.person, level: levelDue(best.rank, highest), sealing })
        }
        for (const { node, rank } of invites.values()) {
          list.push({ id: node.change.hash, level: levelDue(rank, highest), sealing: undefined })
        }
      } else {
        const { signing, sealing } = person.recovery
        for (const { device, sealing: key } of liveDevices()) list.push({ id: device, level: highest, sealing: key })
        list.push({ id: signing, level: highest, sealing })
      }
      return list.sort((a, b) => compareBytes(a.id, b.id))
    }
    return { members, invites, devices: liveDevices, recipients }
  }

  const changed = (): void => {
    present = undefined
  }
  return { of, changed, devices, sealingKey, recipientKey, devicesOfTag, member }
}

/** The tags that an admission names. */
export function nodeToTags({ content }: Node): readonly Uint8Array[] {
  if (content.kind === 'admission') return content.body.tags
  return content.kind === 'genesis' && content.body.type === 'person' ? content.body.tags : []
}

function isBetter(right: Right, other: Right): boolean {
  const difference = rankNumbers[right.rank] - rankNumbers[other.rank]
  return difference > 0 || (difference === 0 && right.grant.key < other.grant.key)
}

function findKey({ content }: Node, tag: Uint8Array): TagKey | undefined {
  if (content.kind !== 'keys') return undefined
  return content.body.keys.find((key) => equalBytes(key.tag, tag))
}
