import { compareBytes, equalBytes, toHex } from '../bytes/index.ts'
import { type Change, compareTimes, type Header, kinds, sortHeads } from '../change/index.ts'
import type { Verifying } from '../ports/index.ts'
import { resolveWriter } from './author.ts'
import { type ContentOrder, createContentJudge, nodeToSchema } from './content.ts'
import { createEpochs } from './epochs.ts'
import { createFacts, toNewest } from './facts.ts'
import { createGraph, type Node } from './graph.ts'
import { createHeads } from './heads.ts'
import type { Epoch, Member, Membership, MembershipEffects, ShareForUs } from './interface.ts'
import { judgeChange, type JudgeOptions, type Verdict } from './judge.ts'
import { nodeToPersonId } from './person.ts'
import { createRemovals } from './removals.ts'
import { minimumVersion, newestSchemas } from './schemas.ts'
import { createShaken } from './shaken.ts'
import { createStanding } from './standing.ts'
import { type HeldBack, heldBack } from './verdict.ts'
import { createViews, type MemberRights } from './view.ts'

export type MembershipOptions = {
  readonly crypto: Verifying
  /** The hash of the space's genesis. */
  readonly space: Uint8Array
  /** What a schema record does to those before it (rule 7). Without it a record may only be an admin's. */
  readonly schemaStep?: JudgeOptions['schemaStep']
  /** How content changes follow each other. Without it no content change counts as inside a cut. */
  readonly contentOrder?: ContentOrder
}

/**
 * Two questions, apart: does its own causal past allow a change (`judge.ts`, once and for ever), and does the set of changes that is here
 * leave it standing (`standing.ts`, asked again when a cut comes). Both are functions of sets alone, never of the order of arrival.
 */
export function createMembership(options: MembershipOptions): Membership {
  const { crypto, space } = options
  const contentOrder = options.contentOrder ?? { isInside: () => false, isSeen: () => false }
  const isSpace = (id: Uint8Array): boolean => equalBytes(id, space)
  // A person's epoch records are carried without their bodies (rule 11); anything else is judged by its body.
  const graph = createGraph((header) => header.kind !== kinds.epoch || isSpace(header.space))
  const facts = createFacts(graph, space)
  const standing = createStanding({ graph, facts, contentOrder })
  const views = createViews(graph, facts, standing, space)
  const epochs = createEpochs({ facts, standing, views, space })
  const schemaStep = options.schemaStep ?? (() => 'changes' as const)
  const judging: JudgeOptions = { crypto, graph, facts, standing, views, epochs, space, schemaStep }
  const verdicts = new Map<Node, Verdict>()
  const unsupported: Node[] = []
  /** What an unknown change in a person's own space says concerns that person's changes alone. */
  const concerns = ({ change }: Node, { space: home, admission }: Header): boolean => {
    if (isSpace(change.header.space)) return true
    const admitted = isSpace(home) ? graph.find(admission) : undefined
    const person = admitted === undefined ? home : nodeToPersonId(admitted, space)
    return person !== undefined && equalBytes(change.header.space, person)
  }
  const isBeyondUs = (past: Node['past'], header: Header): boolean =>
    unsupported.some((node) => graph.isInPast(node, past) && concerns(node, header) && !standing.isVoid(node, past))
  const content = createContentJudge({ graph, facts, standing, space, epochs, contentOrder, isBeyondUs })
  const heads = createHeads({ graph, facts, standing, space })
  const removals = createRemovals({ graph, facts, standing, views, space })
  const shaken = createShaken({ facts, standing })
  let epochList: Epoch[] | undefined
  const older = new Map<Node, readonly Uint8Array[]>()
  /** A record's past is whole when it is judged: this stays as it is. */
  const supersededBy = (record: Node): readonly Uint8Array[] => {
    let hashes = older.get(record)
    if (hashes === undefined) {
      hashes = facts.epochs(record.past).map(({ change }) => change.hash)
      older.set(record, hashes)
    }
    return hashes
  }

  const add: Membership['add'] = (changes) => {
    const came: Node[] = []
    const effects = { applied: [] as Change[], heldBack: [] as HeldBackChange[], unsupported: [] as Change[] }
    for (const change of changes) {
      for (const node of graph.add(change)) {
        settle(node, effects)
        came.push(node)
      }
    }
    if (came.length === 0) return { ...effects, shaken: [] }
    standing.changed()
    views.changed()
    epochs.changed()
    content.changed()
    epochList = undefined
    const applied = came.filter((node) => facts.isApplied(node))
    heads.came(applied)
    return { ...effects, shaken: shaken.by(applied) }
  }

  const settle = (node: Node, effects: Effects): void => {
    const { verdict: judged, author } = judgeChange(judging, node)
    // What rests on something that only a newer version can judge, that version must judge too.
    const verdict = judged !== 'applied' && isBeyondUs(node.past, node.change.header) ? 'unsupported' : judged
    verdicts.set(node, verdict)
    const { change } = node
    if (verdict === 'applied') {
      facts.add(node, author)
      effects.applied.push(change)
    } else if (verdict === 'unsupported') {
      // What only rests on such a change says nothing by itself.
      if (judged === 'unsupported' && author !== undefined) {
        facts.addUnknown(node, author)
        unsupported.push(node)
      }
      effects.unsupported.push(change)
    } else effects.heldBack.push({ change, reason: verdict })
  }

  /** Why an applied change has no effect any more; undefined for one that stands. */
  const whyVoid = (node: Node): HeldBack | undefined => {
    if (standing.stands(node)) return undefined
    const cut = standing.causeOf(node)
    const isItself = cut?.targets.some((target) => facts.authorOf(node)?.warrants.includes(target))
    if (!isItself) return heldBack('rests-on-void')
    return heldBack(cut?.isOfDevices ? 'outside-device-cut' : 'outside-cut')
  }

  const verdictOf: Membership['verdictOf'] = (hash) => {
    const node = graph.find(hash)
    if (node === undefined) return graph.isWaiting(hash) ? 'waiting' : undefined
    const verdict = verdicts.get(node)
    return verdict === 'applied' ? (whyVoid(node) ?? verdict) : verdict
  }

  const toMember = ({ best, all }: MemberRights): Member[] => {
    const person = facts.person(best.person)
    if (person === undefined) return []
    return [
      {
        person: person.id,
        address: person.address,
        rank: best.rank,
        role: best.role,
        grant: best.grant.change.hash,
        grants: sortHeads(all.map(({ grant }) => grant.change.hash)),
        tag: best.tag,
        devices: views.devices(person.id).map(({ device, admission }) => {
          return { device, admission: admission.change.hash }
        }),
      },
    ]
  }
  const members: Membership['members'] = () =>
    [...views.of().members.values()].flatMap(toMember).sort((a, b) => compareBytes(a.address, b.address))
  const member: Membership['member'] = (person) => {
    const rights = views.of().members.get(toHex(person))
    return rights && toMember(rights)[0]
  }

  const toEpochs = (): Epoch[] =>
    facts.epochs().flatMap((node) => {
      const { content: body, change } = node
      if (body.kind !== 'epoch') return []
      return [
        {
          ...body.body,
          hash: change.hash,
          recipients: epochs.recipientsOf(node),
          isClean: epochs.isClean(node),
          isBroken: epochs.isBroken(node),
          supersedes: supersededBy(node),
        },
      ]
    })
  const listEpochs = (): Epoch[] => (epochList ??= toEpochs())

  let app: string | undefined
  const findApp = (): string | undefined => {
    const genesis = graph.find(space)?.content
    return genesis?.kind === 'genesis' && genesis.body.type === 'space' ? genesis.body.app : undefined
  }

  return {
    add,
    judgeAuthor: content.judge,
    writerOf: (header) => {
      const writer = resolveWriter(judging, header)
      return writer && { person: writer.id, address: writer.address }
    },
    verdictOf,
    members,
    member,
    heads: heads.ours,
    personHeads: heads.ofPerson,
    epochs: () => [...listEpochs()],
    epochInUse: () => {
      const inUse = epochs.inUse()
      return inUse && listEpochs().find(({ hash }) => equalBytes(hash, inUse.change.hash))
    },
    newestSchemas: (named) => {
      const found = named === undefined ? undefined : graph.pastOf(named)
      if (found !== undefined && 'missing' in found) return []
      return newestSchemas(judging, found?.past).map(nodeToSchema)
    },
    schema: (hash) => {
      const node = graph.find(hash)
      return node?.content.kind === 'schema' && facts.isApplied(node) ? nodeToSchema(node) : undefined
    },
    minimumVersion: () => minimumVersion(judging),
    invites: () =>
      [...views.of().invites.values()].flatMap(({ node }) => {
        const invite = facts.invite(node)
        const joins = facts.joins(node).filter((join) => standing.stands(join))
        return invite === undefined ? [] : [{ ...invite, hash: node.change.hash, joins: joins.length }]
      }),
    shares: (person) => facts.shares().flatMap((node) => nodeToBoxes(node, person)),
    recipients: (highest) => {
      const found = graph.pastOf(heads.ours())
      return views.of('past' in found ? found.past : undefined).recipients(highest)
    },
    isRotationOwed: () => !listEpochs().some(({ isClean }) => isClean),
    missed: (hash) => {
      const node = graph.find(hash)
      return node?.content.kind === 'epoch' && facts.isApplied(node) ? epochs.missed(node) : []
    },
    notDue: (hash) => {
      const node = graph.find(hash)
      return node?.content.kind === 'epoch' && facts.isApplied(node) ? epochs.notDue(node) : []
    },
    ...removals,
    profile: (person) => {
      const standingOnes = facts.profilesOf(person).filter((node) => standing.stands(node))
      // Whoever renames himself has seen the old name: a clock that was wrong then must not keep it for ever.
      const newest = toNewest(standingOnes).sort(byTime).at(-1)
      if (newest?.content.kind !== 'profile') return undefined
      return { name: newest.content.body.name, time: newest.change.header.time }
    },
    authorOf: (hash) => {
      const node = graph.find(hash)
      const author = node && facts.authorOf(node)
      if (author === undefined) return undefined
      const { person, rank, role, grant } = author
      return { person: person.id, rank, role, grant: grant.change.hash }
    },
    readers: (hash) => {
      const node = graph.find(hash)
      if (node === undefined) return []
      // Not `sealedTo`, which works out for each share which keys were current in its past.
      const shared = facts.sharesOf(hash).flatMap(({ content }) => (content.kind === 'share' ? content.body.boxes : []))
      return [
        ...epochs.recipientsOf(node).map(({ id, level }) => ({ id, level, isByShare: false })),
        ...shared.map(({ person, level }) => ({ id: person, level, isByShare: true })),
      ]
    },
    keysOf: (person) =>
      facts.keysOf(person).flatMap((node) => {
        return node.content.kind === 'keys' && standing.stands(node) ? [node.content.body] : []
      }),
    sealingKey: (person, tag) => views.sealingKey(person, tag),
    devices: (person) =>
      views.devices(person).map(({ device, sealing, admission }) => {
        return { device, sealing, admission: admission.change.hash }
      }),
    devicesOfTag: (person, tag) => views.devicesOfTag(person, tag).map(({ device, sealing }) => ({ device, sealing })),
    unsupported: () =>
      unsupported.flatMap((node) => (isSpace(node.change.header.space) && !standing.isVoid(node) ? [node.change] : [])),
    heldBack: () =>
      [...verdicts].flatMap(([node, verdict]) => {
        const reason = verdict === 'applied' ? whyVoid(node) : verdict
        return reason === undefined || reason === 'unsupported' ? [] : [{ change: node.change, reason }]
      }),
    waiting: graph.waiting,
    // Asked for each content change; once the genesis is here it stays what it is.
    app: () => (app ??= findApp()),
  }
}

function byTime({ change: one }: Node, { change: other }: Node): number {
  return compareTimes(one.header.time, other.header.time) || compareBytes(one.hash, other.hash)
}

type HeldBackChange = { change: Change; reason: HeldBack }
type Effects = { readonly [Name in Exclude<keyof MembershipEffects, 'shaken'>]: MembershipEffects[Name][number][] }

function nodeToBoxes({ content }: Node, person: Uint8Array): ShareForUs[] {
  if (content.kind !== 'share') return []
  const { epoch, ephemeral, boxes } = content.body
  return boxes.flatMap(({ person: to, level, box }, index) => {
    return equalBytes(to, person) ? [{ epoch, ephemeral, level, box, index }] : []
  })
}
