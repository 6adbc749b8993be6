import { equalBytes, toHex } from '../bytes/index.ts'
import type { InviteGrant } from './bodies/index.ts'
import type { Author } from './author.ts'
import type { Graph, Node } from './graph.ts'
import { addToPast, createPast, isIndexInPast, type Past, pastOfAny } from './past.ts'
import { createAddress, nodeToDevice, type Person } from './person.ts'
import type { Rank } from './rank.ts'

/**
 * What changes with the verdict 'applied' say, indexed by what it is asked for. Whether a change still stands is another question
 * (`standing.ts`); here nothing is ever taken back. Lists take a past, and are about all that is here without one.
 */
export type Facts = {
  /** Records a change that its own past allows. */
  readonly add: (node: Node, author: Author | undefined) => void
  /** Records whose a change is that only a newer version can judge. */
  readonly addUnknown: (node: Node, author: Author) => void
  readonly isApplied: (node: Node) => boolean
  readonly all: () => readonly Node[]
  readonly authorOf: (node: Node) => Author | undefined
  readonly person: (id: Uint8Array) => Person | undefined
  /** What a change gives whom: genesis, a grant to a person, a join, the lower grant in a removal. */
  readonly right: (grant: Node) => Right | undefined
  readonly rights: () => readonly Right[]
  /** Persons who were ever given a right. */
  readonly everybody: () => Uint8Array[]
  readonly rightsOf: (person: Uint8Array) => readonly Right[]
  /** The invite that a change grants. */
  readonly invite: (grant: Node) => InviteGrant | undefined
  readonly invites: (past?: Past) => readonly Node[]
  readonly joins: (invite: Node, past?: Past) => readonly Node[]
  /** By hash. */
  readonly epochs: (past?: Past) => readonly Node[]
  readonly schemas: (past?: Past) => readonly Node[]
  readonly minimums: () => readonly Node[]
  readonly sharesOf: (epoch: Uint8Array, past?: Past) => readonly Node[]
  readonly shares: () => readonly Node[]
  readonly brokenOf: (epoch: Uint8Array, past?: Past) => readonly Node[]
  readonly keysOf: (person: Uint8Array, past?: Past) => readonly Node[]
  readonly profilesOf: (person: Uint8Array) => readonly Node[]
  readonly admissionsOf: (person: Uint8Array, past?: Past) => readonly Node[]
  readonly admissions: () => readonly Node[]
  /** Removals in a person's own space. */
  readonly revocationsOf: (person: Uint8Array) => readonly Node[]
  readonly deviceCuts: () => readonly Node[]
  /** Removals that name a grant or admission. */
  readonly removalsOf: (warrant: Node, past?: Past) => readonly Node[]
  /** Cuts that bind changes which name a grant or admission (rules 3 and 10). */
  readonly cutsOn: (warrant: Node) => readonly Cut[]
  readonly cuts: () => readonly Cut[]
  /** Whatever may end what an epoch is sealed to: removals, cuts, renewed keys, `broken`. */
  readonly unsettling: () => Past
  /** Changes of the space that name content in `deps`: what they say their authors had seen. */
  readonly witnesses: () => readonly Node[]
}

export type Right = {
  readonly grant: Node
  readonly person: Uint8Array
  readonly tag: Uint8Array
  readonly rank: Rank
  readonly role: string
}

/** What a removal or device cut accepts of those whom it ends. */
export type Cut = {
  readonly node: Node
  readonly heads: readonly Uint8Array[]
  /** The grants or admissions that bound changes name. */
  readonly targets: readonly Node[]
  /** The space whose changes are bound. */
  readonly space: Uint8Array
  readonly rank: Rank
  /** Between devices of one person, where rank says nothing. */
  readonly isOfDevices: boolean
}

const none: readonly never[] = []

export function createFacts(graph: Graph, space: Uint8Array): Facts {
  const isSpace = (id: Uint8Array): boolean => equalBytes(id, space)
  const applied = new Map<Node, Author | undefined>()
  const unknown = new Map<Node, Author>()
  const persons = new Map<string, Person>()
  const rights: Right[] = []
  const rightByGrant = new Map<Node, Right>()
  const rightsByPerson = new Map<string, Right[]>()
  const lists = {
    joins: new Map<string, Node[]>(),
    shares: new Map<string, Node[]>(),
    broken: new Map<string, Node[]>(),
    keys: new Map<string, Node[]>(),
    profiles: new Map<string, Node[]>(),
    admissions: new Map<string, Node[]>(),
    revocations: new Map<string, Node[]>(),
    removals: new Map<string, Node[]>(),
  }
  const cutsByTarget = new Map<Node, Cut[]>()
  const cuts: Cut[] = []
  const invites: Node[] = []
  const epochs: Node[] = []
  const schemas: Node[] = []
  const minimums: Node[] = []
  const shares: Node[] = []
  const deviceCuts: Node[] = []
  const unsettling = createPast(0)
  const witnesses: Node[] = []

  const within = (nodes: readonly Node[] = none, past: Past | undefined): readonly Node[] =>
    past === undefined ? nodes : nodes.filter((node) => graph.isInPast(node, past))

  const invite: Facts['invite'] = ({ content }) =>
    content.kind === 'grant' && content.body.type === 'invite' ? content.body : undefined

  const add: Facts['add'] = (node, author) => {
    applied.set(node, author)
    const { content, change } = node
    const { header } = change
    const right = toRight(node)
    if (right !== undefined) {
      rights.push(right)
      rightByGrant.set(node, right)
      push(rightsByPerson, toHex(right.person), right)
    }
    if (isSpace(header.space) && header.deps.content.length > 0) witnesses.push(node)
    const home = toHex(header.space)
    switch (content.kind) {
      case 'genesis':
        if (content.body.type !== 'person') return
        persons.set(node.key, {
          id: change.hash,
          address: createAddress(content.body.addressKey, change.hash),
          genesis: node,
          recovery: content.body.recovery,
        })
        return push(lists.admissions, node.key, node)
      case 'admission':
        return push(lists.admissions, home, node)
      case 'keys':
        noteRenewals(node, home)
        return push(lists.keys, home, node)
      case 'grant':
        if (invite(node) !== undefined) invites.push(node)
        return
      case 'join':
        return push(lists.joins, toHex(header.grant), node)
      case 'epoch':
        if (isSpace(header.space)) insertByHash(epochs, node, (each) => each)
        return
      case 'schema':
        schemas.push(node)
        return
      case 'minimum':
        minimums.push(node)
        return
      case 'share':
        shares.push(node)
        return push(lists.shares, toHex(content.body.epoch), node)
      case 'profile':
        return author && push(lists.profiles, toHex(author.person.id), node)
      case 'broken':
        addToPast(unsettling, node.index)
        return push(lists.broken, toHex(content.body.epoch), node)
      case 'removal':
        return addRemoval(node, content.body.grants, content.body.cut, author)
      case 'deviceCut':
        return addDeviceCut(node, content.body.revocation, content.body.cut, author)
      default:
    }
  }

  const addRemoval = (
    node: Node,
    named: readonly Uint8Array[],
    heads: readonly Uint8Array[],
    author: Author | undefined,
  ): void => {
    addToPast(unsettling, node.index)
    const targets = named.flatMap((hash) => graph.find(hash) ?? [])
    for (const target of targets) push(lists.removals, target.key, node)
    const home = node.change.header.space
    const isPersonal = persons.has(toHex(home))
    if (isPersonal) push(lists.revocations, toHex(home), node)
    if (author === undefined || isLeaving(author, targets)) return
    addCut({ node, heads, targets, space: home, rank: author.rank, isOfDevices: isPersonal && author.rank === 'owner' })
  }

  /** Who leaves, or gives back a rank, ends his own grants and voids nothing. */
  const isLeaving = (author: Author, targets: readonly Node[]): boolean =>
    author.rank !== 'recovery' &&
    targets.every((target) => {
      const right = rightByGrant.get(target)
      return right === undefined ? target === author.grant : equalBytes(right.person, author.person.id)
    })

  const addDeviceCut = (
    node: Node,
    revocation: Uint8Array,
    heads: readonly Uint8Array[],
    author: Author | undefined,
  ): void => {
    addToPast(unsettling, node.index)
    deviceCuts.push(node)
    const removal = graph.find(revocation)
    if (removal?.content.kind !== 'removal' || author === undefined) return
    const targets = removal.content.body.grants.flatMap((hash) => graph.find(hash) ?? [])
    addCut({ node, heads, targets, space, rank: author.rank, isOfDevices: true })
  }

  const addCut = (cut: Cut): void => {
    cuts.push(cut)
    for (const target of cut.targets) {
      const list = cutsByTarget.get(target)
      if (list === undefined) cutsByTarget.set(target, [cut])
      // The first that voids something is what people are told of: it must be the same one wherever they came in another order.
      else insertByHash(list, cut, ({ node }) => node)
    }
  }

  /** Of several keys for one tag each may end what was sealed to the others: which came first here must not matter. */
  const noteRenewals = (node: Node, home: string): void => {
    for (const other of lists.keys.get(home) ?? []) {
      if (!haveTagInCommon(node, other)) continue
      addToPast(unsettling, node.index)
      addToPast(unsettling, other.index)
    }
  }

  const toRight = (grant: Node): Right | undefined => {
    const { content } = grant
    if (content.kind === 'genesis' && content.body.type === 'space') {
      return { grant, person: content.body.person, tag: content.body.tag, rank: 'owner', role: 'owner' }
    }
    if (content.kind === 'grant' && content.body.type === 'person') {
      const { person, tag, rank, role } = content.body
      return { grant, person, tag, rank, role }
    }
    if (content.kind === 'removal' && content.body.replacement !== undefined) {
      return { grant, ...content.body.replacement }
    }
    if (content.kind !== 'join') return undefined
    const used = graph.find(grant.change.header.grant)
    const from = used === undefined ? undefined : invite(used)
    if (from === undefined) return undefined
    return { grant, person: content.body.person, tag: content.body.tag, rank: from.rank, role: from.role }
  }

  return {
    add,
    addUnknown: (node, author) => unknown.set(node, author),
    isApplied: (node) => applied.has(node),
    all: () => [...applied.keys()],
    authorOf: (node) => applied.get(node) ?? unknown.get(node),
    person: (id) => persons.get(toHex(id)),
    right: (grant) => rightByGrant.get(grant),
    rights: () => rights,
    everybody: () => [...rightsByPerson.values()].flatMap(([right]) => (right === undefined ? [] : [right.person])),
    rightsOf: (person) => rightsByPerson.get(toHex(person)) ?? none,
    invite,
    invites: (past) => within(invites, past),
    joins: (node, past) => within(lists.joins.get(node.key), past),
    epochs: (past) => within(epochs, past),
    schemas: (past) => within(schemas, past),
    minimums: () => minimums,
    sharesOf: (epoch, past) => within(lists.shares.get(toHex(epoch)), past),
    shares: () => shares,
    brokenOf: (epoch, past) => within(lists.broken.get(toHex(epoch)), past),
    keysOf: (person, past) => within(lists.keys.get(toHex(person)), past),
    profilesOf: (person) => within(lists.profiles.get(toHex(person)), undefined),
    admissionsOf: (person, past) => within(lists.admissions.get(toHex(person)), past),
    admissions: () => [...lists.admissions.values()].flat(),
    revocationsOf: (person) => within(lists.revocations.get(toHex(person)), undefined),
    deviceCuts: () => deviceCuts,
    removalsOf: (warrant, past) => within(lists.removals.get(warrant.key), past),
    cutsOn: (warrant) => cutsByTarget.get(warrant) ?? none,
    cuts: () => cuts,
    unsettling: () => unsettling,
    witnesses: () => witnesses,
  }
}

/** Those of `nodes` that lie in no other one's past. */
export function toNewest(nodes: readonly Node[]): Node[] {
  const older = pastOfAny(nodes)
  return nodes.filter(({ index }) => !isIndexInPast(older, index))
}

function haveTagInCommon({ content: one }: Node, { content: other }: Node): boolean {
  if (one.kind !== 'keys' || other.kind !== 'keys') return false
  return one.body.keys.some(({ tag }) => other.body.keys.some((key) => equalBytes(key.tag, tag)))
}

export function byHash(a: Node, b: Node): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0
}

/** Somebody may start a thousand of them: they are put in order once, not with each question. */
function insertByHash<Item>(items: Item[], item: Item, toNode: (item: Item) => Node): void {
  let [low, high] = [0, items.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (byHash(toNode(items[middle] as Item), toNode(item)) < 0) low = middle + 1
    else high = middle
  }
  items.splice(low, 0, item)
}

/** Devices, each once, that admissions admit. */
export function admissionsToDevices(admissions: readonly Node[]): Uint8Array[] {
  const devices = new Map<string, Uint8Array>()
  for (const admission of admissions) {
    const found = nodeToDevice(admission)
    if (found !== undefined) devices.set(toHex(found.device), found.device)
  }
  return [...devices.values()]
}

function push<Item>(map: Map<string, Item[]>, key: string, item: Item): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [item])
  else list.push(item)
}
