import { type Change, createChange, type Header, kinds, noBytes, sortHeads } from '@kith/core/change'
import {
  createAddress,
  encodeAdmission,
  encodeGenesis,
  encodeKeys,
  encodeSchema,
  type MembershipOptions,
} from '@kith/core/membership'
import { createCheapCrypto } from '../cheap-crypto.ts'
import { createContent } from '../content.ts'
import { epochBody, tagKey } from './bodies.ts'
import { learn } from './learn.ts'
import type { Actor, CreateMembership, Scene, SimPerson } from './scene.ts'
import { emptyHeader, publish, tick, writeAsPerson } from './write.ts'
import { createDice } from '@kith/testing/simulation'

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
  const [tag, otherTag] = [crypto.random(16), crypto.random(16)]
  const tags = sortHeads([tag, otherTag])
  const genesis = createChange(
    crypto,
    { ...emptyHeader, kind: kinds.genesis, device, time: tick(scene) },
    encodeGenesis({
      type: 'person',
      salt: crypto.random(16),
      addressKey,
      recovery,
      deviceSealing: sealing,
      tags,
    }),
  )
  const id = genesis.hash
  const first: Bare = bareActor(
    `p${n}`,
    { n, id, address: createAddress(addressKey, id), tag, otherTag, recovery },
    device,
    sealing,
  )
  first.admission = id
  first.hasOtherApp = true
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
    encodeKeys({
      salt: crypto.random(16),
      ephemeral: crypto.createKey(),
      keys: tags.map((each) => tagKey(scene, each, [device])),
    }),
  )
  first.own.person.push(genesis, keys)
  for (const change of [genesis, keys]) publish(scene, change, true)
  return { person: first.person, first, changes: [genesis, keys] }
}

const bareActor = (name: string, person: SimPerson, device: Uint8Array, sealing: Uint8Array): Bare => ({
  name,
  person,
  device,
  sealing,
  admission: undefined,
  hasOtherApp: false,
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

/** What lets a device in to the app of the space, and to the other one too. */
export const writeAdmission = (
  scene: Scene,
  by: Actor,
  { device, sealing }: Pick<Actor, 'device' | 'sealing'>,
  isWide: boolean,
): Change => {
  const { tag, otherTag } = by.person
  const tags = isWide ? sortHeads([tag, otherTag]) : [tag]
  const body = encodeAdmission({ salt: scene.crypto.random(16), device, deviceSealing: sealing, tags })
  return writeAsPerson(scene, by, kinds.admission, body)
}

/** A further device of a person, admitted by one that it has, to the other app too or not. */
export const addDevice = (scene: Scene, by: Actor, isWide: boolean): Actor => {
  const { crypto } = scene
  const siblings = scene.actors.filter(({ person }) => person === by.person)
  const bare = bareActor(`${by.person.n}d${siblings.length}`, by.person, crypto.createKey(), crypto.createKey())
  bare.admission = writeAdmission(scene, by, bare, isWide).hash
  bare.hasOtherApp = isWide && by.hasOtherApp
  bare.isHostile = by.isHostile
  const actor = enterScene(scene, bare)
  learn(scene, actor, by.known)
  return actor
}
