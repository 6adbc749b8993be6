import { compareBytes, equalBytes, toHex } from '../bytes/index.ts'
import { type Change, type Header, kinds, kindToChain, kindToName, sortHeads } from '../change/index.ts'
import type { Verifying } from '../ports/index.ts'
import { resolveAuthor } from './author.ts'
import type { EpochBody, InviteGrant, KeysBody, Recipient } from './bodies/index.ts'
import { createFacts, rightsToBest } from './facts.ts'
import { createGraph, headerToReferences, type Node } from './graph.ts'
import { judgeChange, type JudgeOptions, type Verdict } from './judge.ts'
import type { Past } from './past.ts'
import { isRankAtLeast, type Level, type Rank } from './rank.ts'
import { type HeldBack, heldBack } from './verdict.ts'

/** Who may do what in one space: a pure function of the set of changes added, whatever their order. */
export type Membership = {
  /** Takes membership changes whose segments were verified: those of the space and carried personal ones. */
  readonly add: (changes: Iterable<Change>) => MembershipEffects
  /**
   * Who wrote a content change, and by which schema records it is judged. `hash` is the change's; none for one of ours that
   * is yet to be made: no cut can have listed it.
   */
  readonly judgeAuthor: (header: Header, hash?: Uint8Array) => AuthorJudgement
  readonly verdictOf: (hash: Uint8Array) => 'waiting' | 'unsupported' | 'applied' | HeldBack | undefined
  /** By address ascending. */
  readonly members: () => Member[]
  readonly member: (person: Uint8Array) => Member | undefined
  /** What a new change must name in `deps` on membership: applied changes that no other applied one rests on; sorted. */
  readonly heads: () => Uint8Array[]
  /** The same among one person's carried changes: a joiner names these too. */
  readonly personHeads: (person: Uint8Array) => Uint8Array[]
  /** All valid epochs, by hash ascending. */
  readonly epochs: () => Epoch[]
  /** The epoch to write under: the clean one with the lowest hash; undefined where one must be started. */
  readonly epochInUse: () => Epoch | undefined
  /** The newest schema records in the past of these heads (of everything where none are given). */
  readonly newestSchemas: (heads?: readonly Uint8Array[]) => SchemaRecord[]
  readonly schema: (hash: Uint8Array) => SchemaRecord | undefined
  readonly invites: () => OpenInvite[]
  /** Boxes of shares to a person, for finding its secret. */
  readonly shares: (person: Uint8Array) => ShareForUs[]
  /** Whom an epoch must be sealed to that is started now and names `heads()`. */
  readonly recipients: (highest: Level) => Recipient[]
  /** No epoch is clean: somebody has to start one before content can be written (rule 14). */
  readonly isRotationOwed: () => boolean
  /** Members whom an epoch missed, or has sealed too little or to an older key: a share is due to them. */
  readonly missed: (epoch: Uint8Array) => ShareDue[]
  /** All that a removal of this person names (rules 3 and 21): its grants and the open invites that it made, used or could read. */
  readonly rightsOf: (person: Uint8Array) => { readonly grants: Uint8Array[]; readonly invites: Uint8Array[] }
  /** Heads of membership chains of these devices in this space: what a cut accepts. */
  readonly chainHeads: (devices: readonly Uint8Array[]) => Uint8Array[]
  /** Revocations of a person's devices that no device cut repeats here yet (rule 10). */
  readonly cutsOwed: (person: Uint8Array) => CutOwed[]
  /** Joins that an invite's closing accepts: all that stand. */
  readonly joinsOf: (invite: Uint8Array) => Uint8Array[]
  /** A person's valid `keys` changes, newest last among those that know of each other. */
  readonly keysOf: (person: Uint8Array) => KeysBody[]
  readonly sealingKey: (person: Uint8Array, tag: Uint8Array) => Uint8Array | undefined
  /** Applied changes that this version cannot judge: while there is one, this client must not write. */
  readonly unsupported: () => Change[]
  readonly heldBack: () => { change: Change; reason: HeldBack }[]
  readonly waiting: () => { change: Change; missing: Uint8Array[] }[]
  /** The app id in the genesis; undefined before it is here. */
  readonly app: () => string | undefined
}

export type MembershipEffects = {
  readonly applied: readonly Change[]
  readonly heldBack: readonly { readonly change: Change; readonly reason: HeldBack }[]
  readonly unsupported: readonly Change[]
  /** Devices (Ed25519 keys) whose content changes may be judged otherwise than before. */
  readonly shaken: readonly Uint8Array[]
}

export type AuthorJudgement =
  | {
      readonly status: 'allowed'
      readonly person: Uint8Array
      readonly address: Uint8Array
      readonly rank: Rank
      readonly role: string
      /** The record that the change names. */
      readonly schema: SchemaRecord
      /** All newest records in its past: each must allow it (rule 7). `schema` is one of them. */
      readonly schemas: readonly SchemaRecord[]
    }
  | { readonly status: 'waiting'; readonly reason: 'missing' | 'unknown-kind'; readonly missing: readonly Uint8Array[] }
  | ({ readonly status: 'heldBack' } & HeldBack)

/** One box of a share: `index` is its place, which opening needs. */
export type ShareForUs = {
  readonly epoch: Uint8Array
  readonly ephemeral: Uint8Array
  readonly level: Level
  readonly box: Uint8Array
  readonly index: number
}

/** Who is due a share of an epoch: `sealing` is the person's current key. */
export type ShareDue = { readonly person: Uint8Array; readonly level: Level; readonly sealing: Uint8Array }

/** `revocation` is the removal in the person's space; `devices` are those that it ends. */
export type CutOwed = { readonly revocation: Uint8Array; readonly devices: readonly Uint8Array[] }

export type SchemaRecord = { readonly hash: Uint8Array; readonly record: Uint8Array }
export type Epoch = EpochBody & {
  readonly hash: Uint8Array
  /** Whom its boxes are sealed to, in their order: the evaluator's list for the record's past. */
  readonly recipients: readonly Recipient[]
  /** Everybody whom it is sealed to is still due what it gives. */
  readonly isClean: boolean
  /** Epochs in its past: those that it superseded, hashes ascending. */
  readonly supersedes: readonly Uint8Array[]
}
export type OpenInvite = InviteGrant & { readonly hash: Uint8Array; readonly joins: number }

export type Member = {
  readonly person: Uint8Array
  readonly address: Uint8Array
  readonly rank: Rank
  readonly role: string
  /** The grant or join that gives the rank: what its changes name. */
  readonly grant: Uint8Array
  /** All its grants. */
  readonly grants: readonly Uint8Array[]
  readonly tag: Uint8Array
  readonly devices: readonly { readonly device: Uint8Array; readonly admission: Uint8Array }[]
}

export type MembershipOptions = {
  readonly crypto: Verifying
  /** The hash of the space's genesis. */
  readonly space: Uint8Array
  readonly schemaOnlyAdds?: JudgeOptions['schemaOnlyAdds']
  /** How content changes follow each other. Without it no content change counts as inside a cut. */
  readonly contentOrder?: ContentOrder
}

/** What cuts ask of content, which the evaluator itself never sees. */
export type ContentOrder = {
  /** Whether a content change is one of these heads, or an ancestor of one by `prev`. */
  readonly isInside: (change: ContentPosition, heads: readonly Uint8Array[]) => boolean
  /** Whether it is one of these heads or lies in the causal past of one: over `prev` and `deps` on content. */
  readonly isSeen: (change: ContentPosition, heads: readonly Uint8Array[]) => boolean
}

export type ContentPosition = { readonly device: Uint8Array; readonly seq: number; readonly hash: Uint8Array }

export function createMembership(options: MembershipOptions): Membership {
  const { crypto, space } = options
  const isSpace = (id: Uint8Array): boolean => equalBytes(id, space)
  // A person's epoch records are carried without their bodies (rule 11); anything else is judged by its body.
  const graph = createGraph((header) => header.kind !== kinds.epoch || isSpace(header.space))
  const facts = createFacts(graph, isSpace)
  const judging: JudgeOptions = { crypto, graph, facts, space, schemaOnlyAdds: options.schemaOnlyAdds ?? (() => false) }
  const verdicts = new Map<Node, Verdict>()
  const frontier = new Set<Node>()
  const unsupported: Node[] = []
  let lastJudged: { header: Header; judgement: AuthorJudgement } | undefined

  const add: Membership['add'] = (changes) => {
    const effects: Effects = { applied: [], heldBack: [], unsupported: [], shaken: [] }
    for (const change of changes) for (const node of graph.add(change)) settle(node, effects)
    lastJudged = undefined
    return effects
  }

  const settle = (node: Node, effects: Effects): void => {
    const judged = judgeChange(judging, node)
    // What rests on something that only a newer version can judge, that version must judge too.
    const verdict = judged !== 'applied' && isBeyondUs(node.past) ? 'unsupported' : judged
    verdicts.set(node, verdict)
    const { change } = node
    if (verdict === 'applied') {
      facts.add(node)
      for (const head of frontier) if (graph.isInPast(head, node.past)) frontier.delete(head)
      frontier.add(node)
      effects.applied.push(change)
    } else if (verdict === 'unsupported') {
      unsupported.push(node)
      effects.unsupported.push(change)
    } else effects.heldBack.push({ change, reason: verdict })
  }

  const isBeyondUs = (past: Past): boolean => unsupported.some((node) => graph.isInPast(node, past))

  const judgeAuthor: Membership['judgeAuthor'] = (header) => {
    if (lastJudged !== undefined && isJudgedAlike(lastJudged.header, header)) return lastJudged.judgement
    const judgement = judgeContent(header)
    lastJudged = { header, judgement }
    return judgement
  }

  const judgeContent = (header: Header): AuthorJudgement => {
    if (kindToChain(header.kind) !== 'content') return denied(heldBack('malformed', 'It is not a content change.'))
    if (
      [header.space, header.grant, header.admission, header.epoch, header.schema].some((hash) => hash.length !== 32)
    ) {
      return denied(heldBack('malformed', 'It does not name all that a content change names.'))
    }
    if (!isSpace(header.space)) return denied(heldBack('other-space'))
    const found = graph.pastOf(headerToReferences(header))
    if ('missing' in found) return { status: 'waiting', reason: 'missing', missing: found.missing }
    const isUnknown = kindToName(header.kind) === undefined || isBeyondUs(found.past)
    if (isUnknown) return { status: 'waiting', reason: 'unknown-kind', missing: [] }
    const resolved = resolveAuthor(graph, facts, header, space)
    if ('verdict' in resolved) return denied(resolved.verdict)
    const { person, rank, role } = resolved.author
    if (!isRankAtLeast(rank, 'writer')) return denied(heldBack('rank-too-low', 'Readers do not write.'))
    const epoch = graph.find(header.epoch)
    if (epoch === undefined || !isEpochClean(epoch)) return denied(heldBack('bad-epoch'))
    const named = graph.find(header.schema)
    if (named?.content.kind !== 'schema' || !facts.isApplied(named)) return denied(heldBack('bad-schema'))
    const newest = facts.newestSchemas(found.past)
    if (!newest.includes(named)) return denied(heldBack('old-schema'))
    const schemas = newest.map(nodeToSchema)
    const schema = nodeToSchema(named)
    return { status: 'allowed', person: person.id, address: person.address, rank, role, schema, schemas }
  }

  /** Everybody in an epoch's list is still a member as long as nothing removes; see `judgeLater`. */
  const isEpochClean = (node: Node): boolean =>
    node.content.kind === 'epoch' && isSpace(node.change.header.space) && facts.isApplied(node)

  const members: Membership['members'] = () => {
    const rights = facts.rights()
    const list = [...rightsToBest(rights).values()].flatMap((right): Member[] => {
      const person = facts.person(right.person)
      if (person === undefined) return []
      const grants = rights.filter((other) => equalBytes(other.person, right.person))
      return [
        {
          person: person.id,
          address: person.address,
          rank: right.rank,
          role: right.role,
          grant: right.grant.change.hash,
          grants: sortHeads(grants.map(({ grant }) => grant.change.hash)),
          tag: right.tag,
          devices: facts.devices(person.id).map(({ device, admission }) => {
            return { device, admission: admission.change.hash }
          }),
        },
      ]
    })
    return list.sort((a, b) => compareBytes(a.address, b.address))
  }

  const heads: Membership['heads'] = () => {
    const known = rightsToBest(facts.rights())
    const isOurs = ({ key, change }: Node): boolean => {
      const home = change.header.space
      return isSpace(home) || isSpace(change.hash) || known.has(home.length === 0 ? key : toHex(home))
    }
    return sortHeads([...frontier].filter(isOurs).map(({ change }) => change.hash))
  }

  const personHeads: Membership['personHeads'] = (person) => {
    const own = [...verdicts.keys()].filter(({ change }) => {
      return equalBytes(change.header.space, person) || equalBytes(change.hash, person)
    })
    const applied = own.filter((node) => facts.isApplied(node))
    const newest = applied.filter((node) => !applied.some((other) => graph.isInPast(node, other.past)))
    return sortHeads(newest.map(({ change }) => change.hash))
  }

  const newestSchemas: Membership['newestSchemas'] = (named) => {
    if (named === undefined) return facts.newestSchemas().map(nodeToSchema)
    const found = graph.pastOf(named)
    return 'past' in found ? facts.newestSchemas(found.past).map(nodeToSchema) : []
  }

  const epochs = (): Epoch[] => facts.epochs().flatMap(nodeToEpoch)

  return {
    add,
    judgeAuthor,
    verdictOf: (hash) => {
      const node = graph.find(hash)
      if (node !== undefined) return verdicts.get(node)
      return graph.isWaiting(hash) ? 'waiting' : undefined
    },
    members,
    member: (person) => members().find((member) => equalBytes(member.person, person)),
    heads,
    personHeads,
    epochs,
    epochInUse: () => facts.epochs().filter(isEpochClean).flatMap(nodeToEpoch)[0],
    newestSchemas,
    schema: (hash) => {
      const node = graph.find(hash)
      return node?.content.kind === 'schema' && facts.isApplied(node) ? nodeToSchema(node) : undefined
    },
    invites: () =>
      facts.invites().flatMap((node) => {
        const invite = facts.invite(node)
        const joins = facts.rights().filter(({ grant }) => equalBytes(grant.change.header.grant, node.change.hash))
        return invite === undefined ? [] : [{ ...invite, hash: node.change.hash, joins: joins.length }]
      }),
    shares: (person) => facts.shares().flatMap((node) => nodeToBoxes(node, person)),
    recipients: (highest) => facts.recipients(space, highest),
    isRotationOwed: () => false,
    missed: () => [],
    rightsOf: () => ({ grants: [], invites: [] }),
    chainHeads: () => [],
    cutsOwed: () => [],
    joinsOf: () => [],
    keysOf: (person) => facts.keysOf(person).flatMap(({ content }) => (content.kind === 'keys' ? [content.body] : [])),
    sealingKey: (person, tag) => facts.sealingKey(person, tag),
    unsupported: () => unsupported.map(({ change }) => change),
    heldBack: () =>
      [...verdicts].flatMap(([{ change }, reason]) => (typeof reason === 'string' ? [] : [{ change, reason }])),
    waiting: graph.waiting,
    app: () => {
      const content = graph.find(space)?.content
      return content?.kind === 'genesis' && content.body.type === 'space' ? content.body.app : undefined
    },
  }
}

type HeldBackChange = { change: Change; reason: HeldBack }
type Effects = { applied: Change[]; heldBack: HeldBackChange[]; unsupported: Change[]; shaken: Uint8Array[] }

/** Changes of one segment share their fields by identity: a run of thousands is judged once. */
function isJudgedAlike(a: Header, b: Header): boolean {
  return (
    a.kind === b.kind &&
    a.space === b.space &&
    a.device === b.device &&
    a.deps.membership === b.deps.membership &&
    a.grant === b.grant &&
    a.admission === b.admission &&
    a.epoch === b.epoch &&
    a.schema === b.schema
  )
}

function denied(reason: HeldBack): AuthorJudgement {
  return { status: 'heldBack', ...reason }
}

function nodeToSchema({ content, change }: Node): SchemaRecord {
  return { hash: change.hash, record: content.kind === 'schema' ? content.body.record : new Uint8Array(0) }
}

function nodeToEpoch({ content, change }: Node): Epoch[] {
  return content.kind === 'epoch' ? [{ ...content.body, hash: change.hash, recipients: [], isClean: true, supersedes: [] }] : []
}

function nodeToBoxes({ content }: Node, person: Uint8Array): ShareForUs[] {
  if (content.kind !== 'share') return []
  const { epoch, ephemeral, boxes } = content.body
  return boxes.flatMap(({ person: to, level, box }, index) => {
    return equalBytes(to, person) ? [{ epoch, ephemeral, level, box, index }] : []
  })
}
