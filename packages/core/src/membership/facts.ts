import { compareBytes, equalBytes, toHex } from '../bytes/index.ts'
import type { InviteGrant, Recipient } from './bodies/index.ts'
import type { Graph, Node } from './graph.ts'
import type { Past } from './past.ts'
import { createAddress, nodeToDevice, type Person } from './person.ts'
import { type Level, levelDue, type Rank, rankNumbers } from './rank.ts'

/**
 * What the applied changes say, indexed by what it is asked for. Every question about a moment takes a past, so that
 * the answer is the same on each replica; without one it is about all that is here.
 */
export type Facts = {
  /** Records an applied change. */
  readonly add: (node: Node) => void
  readonly isApplied: (node: Node) => boolean
  readonly person: (id: Uint8Array) => Person | undefined
  readonly persons: () => Person[]
  /** What a change gives whom: genesis, a grant to a person, a join. */
  readonly right: (grant: Node) => Right | undefined
  /** The invite that a join used. */
  readonly invite: (grant: Node) => InviteGrant | undefined
  readonly rights: (past?: Past) => Right[]
  readonly joins: (invite: Node, past: Past) => Node[]
  readonly invites: (past?: Past) => Node[]
  readonly epochs: (past?: Past) => Node[]
  /** Schema records that no other one in the past has superseded. */
  readonly newestSchemas: (past?: Past) => Node[]
  readonly shares: (past?: Past) => Node[]
  /** A person's `keys` changes in an order that causality allows. */
  readonly keysOf: (person: Uint8Array) => Node[]
  /** A person's newest sealing key under a tag. */
  readonly sealingKey: (person: Uint8Array, tag: Uint8Array, past?: Past) => Uint8Array | undefined
  readonly devices: (person: Uint8Array, past?: Past) => { device: Uint8Array; sealing: Uint8Array; admission: Node }[]
  /** Whom an epoch must be sealed to that starts with this past, by id ascending. */
  readonly recipients: (space: Uint8Array, highest: Level, past?: Past) => Recipient[]
}

export type Right = {
  readonly grant: Node
  readonly person: Uint8Array
  readonly tag: Uint8Array
  readonly rank: Rank
  readonly role: string
}

export function createFacts(graph: Graph, isSpace: (space: Uint8Array) => boolean): Facts {
  const applied = new Set<Node>()
  const persons = new Map<string, Person>()
  const rights: Right[] = []
  const rightByGrant = new Map<Node, Right>()
  const joinsByInvite = new Map<string, Node[]>()
  const keysByPerson = new Map<string, Node[]>()
  const admissionsByPerson = new Map<string, Node[]>()
  const invites: Node[] = []
  const epochs: Node[] = []
  const schemas: Node[] = []
  const shares: Node[] = []

  const within = (nodes: readonly Node[] | undefined, past: Past | undefined): Node[] =>
    (nodes ?? []).filter((node) => past === undefined || graph.isInPast(node, past))

  const invite: Facts['invite'] = ({ content }) =>
    content.kind === 'grant' && content.body.type === 'invite' ? content.body : undefined

  const add = (node: Node): void => {
    applied.add(node)
    const { content, change } = node
    const right = toRight(node)
    if (right !== undefined) {
      rights.push(right)
      rightByGrant.set(node, right)
    }
    const home = toHex(change.header.space)
    if (content.kind === 'genesis' && content.body.type === 'person') {
      const address = createAddress(content.body.addressKey, change.hash)
      persons.set(node.key, { id: change.hash, address, genesis: node })
      push(admissionsByPerson, node.key, node)
    } else if (content.kind === 'keys') push(keysByPerson, home, node)
    else if (content.kind === 'join') push(joinsByInvite, toHex(change.header.grant), node)
    else if (content.kind === 'epoch' && isSpace(change.header.space)) epochs.push(node)
    else if (content.kind === 'schema') schemas.push(node)
    else if (content.kind === 'share') shares.push(node)
    if (invite(node) !== undefined) invites.push(node)
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
    if (content.kind !== 'join') return undefined
    const used = graph.find(grant.change.header.grant)
    const from = used === undefined ? undefined : invite(used)
    if (from === undefined) return undefined
    return { grant, person: content.body.person, tag: content.body.tag, rank: from.rank, role: from.role }
  }

  const rightsIn: Facts['rights'] = (past) =>
    past === undefined ? [...rights] : rights.filter((right) => graph.isInPast(right.grant, past))

  const sealingKey: Facts['sealingKey'] = (person, tag, past) => {
    const naming = within(keysByPerson.get(toHex(person)), past).filter((node) => findKey(node, tag) !== undefined)
    // Two devices may renew a key without knowing of each other: the lower hash counts.
    const newest = toNewest(graph, naming).sort(byHash)[0]
    return newest === undefined ? undefined : findKey(newest, tag)
  }

  const devices: Facts['devices'] = (person, past) =>
    within(admissionsByPerson.get(toHex(person)), past).flatMap((admission) => {
      const found = nodeToDevice(admission)
      return found === undefined ? [] : [{ ...found, admission }]
    })

  const recipients: Facts['recipients'] = (space, highest, past) => {
    const person = persons.get(toHex(space))
    const list = person === undefined ? memberRecipients(highest, past) : deviceRecipients(person, highest, past)
    return list.sort((a, b) => compareBytes(a.id, b.id))
  }

  const memberRecipients = (highest: Level, past: Past | undefined): Recipient[] => {
    const best = [...rightsToBest(rightsIn(past)).values()]
    const members = best.map(({ person, tag, rank }) => {
      return { id: person, level: levelDue(rank, highest), sealing: sealingKey(person, tag, past) }
    })
    const open = within(invites, past).map((node) => {
      const rank = (invite(node) as InviteGrant).rank
      return { id: node.change.hash, level: levelDue(rank, highest), sealing: undefined }
    })
    return [...members, ...open]
  }

  const deviceRecipients = (person: Person, level: Level, past: Past | undefined): Recipient[] => {
    const { content } = person.genesis
    const recovery = content.kind === 'genesis' ? content.body.recovery : undefined
    const own = devices(person.id, past).map(({ device, sealing }) => ({ id: device, level, sealing }))
    return recovery === undefined ? own : [...own, { id: recovery.signing, level, sealing: recovery.sealing }]
  }

  return {
    add,
    isApplied: (node) => applied.has(node),
    person: (id) => persons.get(toHex(id)),
    persons: () => [...persons.values()],
    right: (grant) => rightByGrant.get(grant),
    invite,
    rights: rightsIn,
    joins: (node, past) => within(joinsByInvite.get(node.key), past),
    invites: (past) => within(invites, past),
    epochs: (past) => within(epochs, past).sort(byHash),
    newestSchemas: (past) => toNewest(graph, within(schemas, past)).sort(byHash),
    shares: (past) => within(shares, past),
    keysOf: (person) => within(keysByPerson.get(toHex(person)), undefined),
    sealingKey,
    devices,
    recipients,
  }
}

/** One right for each person: the highest rank, then the lowest hash of the grant. */
export function rightsToBest(rights: readonly Right[]): Map<string, Right> {
  const best = new Map<string, Right>()
  for (const right of rights) {
    const key = toHex(right.person)
    const other = best.get(key)
    if (other === undefined || isBetter(right, other)) best.set(key, right)
  }
  return best
}

function isBetter(right: Right, other: Right): boolean {
  const difference = rankNumbers[right.rank] - rankNumbers[other.rank]
  return difference > 0 || (difference === 0 && right.grant.key < other.grant.key)
}

/** Those of `nodes` that lie in no other one's past. */
function toNewest(graph: Graph, nodes: readonly Node[]): Node[] {
  return nodes.filter((node) => !nodes.some((other) => other !== node && graph.isInPast(node, other.past)))
}

function findKey(node: Node, tag: Uint8Array): Uint8Array | undefined {
  if (node.content.kind !== 'keys') return undefined
  return node.content.body.keys.find((key) => equalBytes(key.tag, tag))?.sealing
}

function byHash(a: Node, b: Node): number {
  return a.key < b.key ? -1 : 1
}

function push(map: Map<string, Node[]>, key: string, node: Node): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [node])
  else list.push(node)
}
