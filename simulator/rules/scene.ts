/** One scene: its people, all that exists in it, and how a device writes and learns. What writes also learns, so they are together. */
import { concatBytes, equalBytes, toHex } from '@kith/core/bytes'
import {
  type Change,
  createChange,
  type Header,
  kinds,
  kindToChain,
  noBytes,
  sortHeads,
  type Time,
} from '@kith/core/change'
import {
  type AuthorJudgement,
  type ContentOrder,
  createAddress,
  encodeAdmission,
  encodeEpoch,
  encodeGenesis,
  encodeKeys,
  encodeSchema,
  type Level,
  type Membership,
  type MembershipOptions,
  recipientsToHash,
} from '@kith/core/membership'
import { createDice, type Dice } from '@kith/testing/simulation'
import type { Violation } from '../shared/script.ts'
import { type CheapCrypto, createCheapCrypto } from './cheap-crypto.ts'
import { createContent, type Content } from './content.ts'

/** The evaluator under test: the production one, or one with a mistake on purpose. */
export type CreateMembership = (options: MembershipOptions) => Membership

export type SimPerson = {
  readonly n: number
  readonly id: Uint8Array
  readonly address: Uint8Array
  readonly tag: Uint8Array
  readonly recovery: { readonly signing: Uint8Array; readonly sealing: Uint8Array }
}

/** One device: what it knows, and where its chains stand. */
export type Actor = {
  readonly name: string
  readonly person: SimPerson
  readonly device: Uint8Array
  readonly sealing: Uint8Array
  admission: Uint8Array | undefined
  readonly membership: Membership
  readonly content: Content
  /** In the order in which they came. */
  readonly known: Change[]
  readonly knownKeys: Set<string>
  /** Its own changes, oldest first, by class. */
  readonly own: { readonly membership: Change[]; readonly content: Change[]; readonly person: Change[] }
  /** Writes what it likes; the others keep the rules of honest programs. */
  isHostile: boolean
  /** Keeps what it sees, and judges what it has seen of content, so that changes of verdicts can be compared. */
  readonly verdicts: Map<string, string>
  /** Grants that a removal has ended, as far as this device knows. */
  readonly ended: Set<string>
}

export type Scene = {
  readonly crypto: CheapCrypto
  readonly dice: Dice
  readonly create: CreateMembership
  readonly space: Uint8Array
  readonly actors: Actor[]
  /** All membership changes, carried ones too, and all content: in the order of their making. */
  readonly changes: Change[]
  readonly contents: Change[]
  readonly byKey: Map<string, Change>
  /** Links that were made: whoever has ever seen one may keep it. */
  readonly invites: { readonly grant: Change; readonly key: Uint8Array }[]
  /** What honest removals said: who, by whom, and what was seen. */
  readonly removals: { readonly removal: Change; readonly by: Actor; readonly seen: ReadonlySet<string> }[]
  readonly isHonest: Map<string, boolean>
  readonly violations: Violation[]
  readonly counts: Record<string, number>
  nowMs: number
  step: number
  readonly violate: (promise: string, detail: string) => void
  readonly count: (what: string) => void
  readonly newMembership: (order: ContentOrder) => Membership
}

/** Records are one byte here: 0 adds, 1 changes, 2 breaks. */
const schemaStep: MembershipOptions['schemaStep'] = (record) =>
  record[0] === 0 ? 'adds' : record[0] === 1 ? 'changes' : 'breaks'

const startMs = Date.UTC(2027, 2, 1, 12)

export const createScene = (seed: string, create: CreateMembership): Scene => {
  const crypto = createCheapCrypto(seed)
  const shape = createDice(`${seed}/shape`)
  const scene: Omit<Scene, 'space'> & { space: Uint8Array } = {
    crypto,
    dice: createDice(`${seed}/dice`),
    create,
    space: noBytes,
    actors: [],
    changes: [],
    contents: [],
    byKey: new Map(),
    invites: [],
    removals: [],
    isHonest: new Map(),
    violations: [],
    counts: {},
    nowMs: startMs,
    step: 0,
    violate: (promise, detail) => {
      if (scene.violations.length < 20) scene.violations.push({ promise, detail, step: scene.step })
    },
    count: (what) => {
      scene.counts[what] = (scene.counts[what] ?? 0) + 1
    },
    newMembership: (contentOrder) => create({ crypto, space: scene.space, schemaStep, contentOrder }),
  }
  const people = Array.from({ length: shape.between(3, 5) }, (_, n) => createSimPerson(scene, n))
  found(scene, people[0] as NewSimPerson)
  for (const { first } of people.slice(1)) first.isHostile = shape.chance(0.5)
  for (const actor of people.map(({ first }) => first)) enterScene(scene, actor)
  return scene
}

type NewSimPerson = { readonly person: SimPerson; readonly first: Bare; readonly changes: readonly Change[] }
type Bare = Omit<Actor, 'membership' | 'content'>

const createSimPerson = (scene: Scene, n: number): NewSimPerson => {
  const { crypto } = scene
  const [device, sealing, addressKey] = [crypto.createKey(), crypto.createKey(), crypto.createKey()]
  const recovery = { signing: crypto.createKey(), sealing: crypto.createKey() }
  const tag = crypto.random(16)
  const genesis = createChange(
    crypto,
    { ...emptyHeader, kind: kinds.genesis, device, time: tick(scene) },
    encodeGenesis({
      type: 'person',
      salt: crypto.random(16),
      addressKey,
      recovery,
      deviceSealing: sealing,
      tags: [tag],
    }),
  )
  const id = genesis.hash
  const first: Bare = bareActor(
    `p${n}`,
    { n, id, address: createAddress(addressKey, id), tag, recovery },
    device,
    sealing,
  )
  first.admission = id
  const keys = createChange(
    crypto,
    {
      ...emptyHeader,
      kind: kinds.keys,
      space: id,
      grant: id,
      admission: id,
      device,
      seq: 1,
      prev: id,
      deps: { membership: [id], content: [] },
      time: tick(scene),
    },
    encodeKeys({ salt: crypto.random(16), ephemeral: crypto.createKey(), keys: [tagKey(scene, tag, [device])] }),
  )
  first.own.person.push(genesis, keys)
  for (const change of [genesis, keys]) publish(scene, change, true)
  return { person: first.person, first, changes: [genesis, keys] }
}

export const tagKey = ({ crypto }: Scene, tag: Uint8Array, devices: readonly Uint8Array[]) => ({
  tag,
  sealing: crypto.createKey(),
  boxes: sortHeads(devices).map((device) => ({ device, box: crypto.random(48) })),
  recoveryBox: crypto.random(48),
})

const bareActor = (name: string, person: SimPerson, device: Uint8Array, sealing: Uint8Array): Bare => ({
  name,
  person,
  device,
  sealing,
  admission: undefined,
  known: [],
  knownKeys: new Set(),
  own: { membership: [], content: [], person: [] },
  isHostile: false,
  verdicts: new Map(),
  ended: new Set(),
})

const enterScene = (scene: Scene, bare: Bare): Actor => {
  const content = createContent()
  const actor: Actor = Object.assign(bare, { content, membership: scene.newMembership(content.order) })
  scene.actors.push(actor)
  // Everybody knows how the space began, and who all are.
  for (const change of scene.changes) learn(scene, actor, [change])
  return actor
}

/** The space's genesis, its first rules and its first epoch. */
const found = (scene: Scene & { space: Uint8Array }, { person, first }: NewSimPerson): void => {
  const { crypto } = scene
  const { device } = first
  const personHead = (first.own.person.at(-1) as Change).hash
  const write = (kind: number, body: Uint8Array, deps: readonly Uint8Array[]): Change => {
    const last = first.own.membership.at(-1)
    const header: Header = {
      ...emptyHeader,
      kind,
      space: scene.space,
      grant: scene.space,
      admission: person.id,
      device,
      seq: first.own.membership.length,
      prev: last?.hash ?? noBytes,
      deps: { membership: sortHeads(deps), content: [] },
      time: tick(scene),
    }
    const change = createChange(crypto, header, body)
    first.own.membership.push(change)
    publish(scene, change, true)
    return change
  }
  const { id, tag, recovery } = person
  const body = { type: 'space', salt: crypto.random(16), app: 'sim', person: id, tag, recovery } as const
  const genesis = write(kinds.genesis, encodeGenesis(body), [personHead])
  scene.space = genesis.hash
  const schema = write(
    kinds.schema,
    encodeSchema({ salt: crypto.random(16), record: Uint8Array.of(1), cut: undefined }),
    [genesis.hash],
  )
  const known = scene.newMembership({ isInside: () => false, isSeen: () => false })
  known.add(scene.changes)
  write(kinds.epoch, epochBody(scene, known, 'admin'), [schema.hash])
}

/** An honest epoch record: sealed to exactly those whom the evaluator names. */
export const epochBody = (
  { crypto }: Scene,
  membership: Membership,
  highest: 'admin' | 'write',
  recipients = membership.recipients(highest),
): Uint8Array =>
  encodeEpoch({
    salt: crypto.random(16),
    policy: {
      write: crypto.createKey(),
      read: crypto.createKey(),
      admin: highest === 'admin' ? crypto.createKey() : undefined,
    },
    commitments: {
      admin: highest === 'admin' ? crypto.random(32) : undefined,
      write: crypto.random(32),
      read: crypto.random(32),
    },
    recipientsHash: recipientsToHash(crypto, recipients),
    boxesHash: crypto.random(32),
    inviteSeeds: [],
    links: [],
    publicSecret: undefined,
  })

const emptyHeader: Header = {
  kind: 0,
  space: noBytes,
  device: noBytes,
  seq: 0,
  prev: noBytes,
  deps: { membership: [], content: [] },
  grant: noBytes,
  admission: noBytes,
  epoch: noBytes,
  schema: noBytes,
  time: { ms: 0, counter: 0 },
}

export const tick = (scene: Pick<Scene, 'nowMs'> & { nowMs: number }): Time => {
  scene.nowMs += 1000
  return { ms: scene.nowMs, counter: 0 }
}

/** Makes a change part of the world; who learns of it, and when, is another matter. */
export const publish = (scene: Scene, change: Change, isHonest: boolean): Change => {
  const key = toHex(change.hash)
  if (scene.byKey.has(key)) return change
  scene.byKey.set(key, change)
  scene.isHonest.set(key, isHonest)
  ;(kindToChain(change.header.kind) === 'membership' ? scene.changes : scene.contents).push(change)
  return change
}

/** A second device of a person, admitted by the first. */
export const addDevice = (scene: Scene, by: Actor): Actor => {
  const { crypto } = scene
  const siblings = scene.actors.filter(({ person }) => person === by.person)
  const bare = bareActor(`${by.person.n}d${siblings.length}`, by.person, crypto.createKey(), crypto.createKey())
  const admission = writeAsPerson(
    scene,
    by,
    kinds.admission,
    encodeAdmission({
      salt: crypto.random(16),
      device: bare.device,
      deviceSealing: bare.sealing,
      tags: [by.person.tag],
    }),
  )
  bare.admission = admission.hash
  bare.isHostile = by.isHostile
  const actor = enterScene(scene, bare)
  learn(scene, actor, by.known)
  return actor
}

/** A change in the actor's own person space, resting on all of it that the actor knows. */
export const writeAsPerson = (
  scene: Scene,
  actor: Actor,
  kind: number,
  body: Uint8Array,
  patch: Partial<Header> = {},
): Change => {
  const { person, device, own } = actor
  const admission = actor.admission ?? person.id
  const last = own.person.at(-1)
  const header: Header = {
    ...emptyHeader,
    kind,
    space: person.id,
    device,
    seq: last ? last.header.seq + 1 : 0,
    prev: last?.hash ?? noBytes,
    deps: { membership: actor.membership.personHeads(person.id), content: [] },
    grant: admission,
    admission,
    time: tick(scene),
    ...patch,
  }
  const change = createChange(scene.crypto, header, body)
  own.person.push(change)
  publish(scene, change, !actor.isHostile)
  learn(scene, actor, [change])
  return change
}

/** What a change of the space says that is made by the rules; `patch` is what somebody hostile writes instead. */
export const write = (
  scene: Scene,
  actor: Actor,
  kind: number,
  body: Uint8Array,
  patch: Partial<Header> = {},
): Change => {
  const isContent = kindToChain(kind) === 'content'
  const chain = isContent ? actor.own.content : actor.own.membership
  const last = chain.at(-1)
  const me = actor.membership.member(actor.person.id)
  const header: Header = {
    ...emptyHeader,
    kind,
    space: scene.space,
    device: actor.device,
    seq: last ? last.header.seq + 1 : 0,
    prev: last?.hash ?? noBytes,
    deps: {
      membership: actor.membership.heads().slice(0, 64),
      content: isContent ? actor.content.frontier(last?.hash) : [],
    },
    grant: me?.grant ?? scene.space,
    admission: actor.admission ?? actor.person.id,
    time: tick(scene),
    ...patch,
  }
  const change = createChange(scene.crypto, header, body)
  chain.push(change)
  publish(scene, change, !actor.isHostile)
  learn(scene, actor, [change])
  return change
}

/** Hands changes to a device, and sees that it is told whose content it has to judge again. */
export const learn = (scene: Scene, actor: Actor, changes: readonly Change[]): void => {
  const fresh = changes.filter(({ hash }) => {
    const key = toHex(hash)
    if (actor.knownKeys.has(key)) return false
    actor.knownKeys.add(key)
    return true
  })
  const rights = fresh.filter(({ header }) => kindToChain(header.kind) === 'membership')
  for (const change of fresh) {
    actor.known.push(change)
    if (kindToChain(change.header.kind) === 'content') actor.content.add(change)
  }
  // What came of content may fill a gap below a cut: those verdicts are the database's to look after.
  for (const change of actor.content.all())
    actor.verdicts.set(toHex(change.hash), judgementToText(judge(actor, change)))
  if (rights.length === 0) return
  const before = new Map(actor.verdicts)
  // Now and then a change comes twice.
  const { shaken } = actor.membership.add(scene.dice.chance(0.1) ? [...rights, ...rights] : rights)
  for (const change of actor.content.all()) {
    const key = toHex(change.hash)
    const now = judgementToText(judge(actor, change))
    const was = before.get(key)
    actor.verdicts.set(key, now)
    if (was === undefined || was === now || was.startsWith('waiting')) continue
    if (!shaken.some((device) => equalBytes(device, change.header.device)))
      scene.violate('shaken devices are named', `${actor.name}: ${was} became ${now} for ${nameOf(scene, change)}`)
  }
}

export const judge = (actor: Pick<Actor, 'membership'>, { header, hash }: Change): AuthorJudgement =>
  actor.membership.judgeAuthor(header, hash)

export const judgementToText = (judgement: AuthorJudgement): string => {
  switch (judgement.status) {
    case 'allowed':
      return `allowed ${judgement.rank} ${judgement.role} ${judgement.schemas
        .map(({ hash }) => short(hash))
        .sort()
        .join()}`
    case 'waiting':
      return `waiting ${judgement.reason}`
    case 'heldBack':
      return `held ${judgement.code}`
  }
}

export const short = (hash: Uint8Array): string => toHex(hash).slice(0, 8)

/** "p1 removal 3 (ab12cd34)": for people who read a failure. */
export const nameOf = (scene: Pick<Scene, 'actors'>, { header, hash }: Change): string => {
  const author = scene.actors.find(({ device }) => equalBytes(device, header.device))
  const kind = Object.entries(kinds).find(([, number]) => number === header.kind)?.[0] ?? `kind ${header.kind}`
  return `${author?.name ?? 'recovery'}${author?.isHostile ? ' (hostile)' : ''} ${kind} ${header.seq} (${short(hash)})`
}

export const levelsOf: Readonly<Record<Level, number>> = { read: 0, write: 1, admin: 2 }

export const saltedBody = ({ crypto }: Scene): Uint8Array =>
  concatBytes(Uint8Array.of(0x82, 0x50), crypto.random(16), Uint8Array.of(0x80))
