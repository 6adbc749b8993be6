import { toHex } from '@kith/core/bytes'
import { type Change, createChange, type Header, kindToChain, noBytes, type Time } from '@kith/core/change'
import { learn } from './learn.ts'
import type { Actor, Scene } from './scene.ts'

export const emptyHeader: Header = {
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
