import { toHex } from '@kith/core/bytes'
import { type Change, type Header, sortHeads } from '@kith/core/change'
import type { Dice } from '@kith/testing/simulation'
import type { Actor, Scene } from '../scene/scene.ts'

/** Everything that ever gave this person a right, ended or not: what somebody removed may still name. */
const grantsEver = (scene: Scene, { person }: Actor): Uint8Array[] => {
  const members = scene.actors.flatMap(({ membership }) => membership.member(person.id)?.grants ?? [])
  const named = scene.changes.filter(({ header }) =>
    scene.actors.some(({ device, person: owner }) => owner === person && toHex(device) === toHex(header.device)),
  )
  return [
    ...members,
    ...named.map(({ header }) => header.grant).filter((hash) => hash.length > 0 && toHex(hash) !== toHex(person.id)),
  ]
}

/**
 * Where a backdated change pretends to stand: at a moment of the past that its author chooses, on a branch of his chain that forks there,
 * under any right that he ever had.
 */
export const backdate = (scene: Scene, actor: Actor, dice: Dice, chain: readonly Change[]): Partial<Header> => {
  const known = actor.known.filter(({ header }) => header.kind < 64 && header.space.length > 0)
  const seen = dice.chance(0.15) ? [] : [dice.pick(known), dice.pick(known)]
  const grants = grantsEver(scene, actor)
  const last = chain.length > 0 && dice.chance(0.7) ? dice.pick(chain) : undefined
  const asOf = seen[0]
  return {
    deps: { membership: sortHeads([...new Set(seen)].map(({ hash }) => hash)), content: [] },
    ...(last === undefined ? { seq: 0, prev: new Uint8Array(0) } : { seq: last.header.seq + 1, prev: last.hash }),
    ...(grants.length > 0 ? { grant: dice.pick(grants) } : {}),
    ...(asOf && dice.chance(0.5) ? { time: { ms: asOf.header.time.ms + 1, counter: dice.roll(1000) } } : {}),
  }
}
