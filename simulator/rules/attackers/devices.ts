import { toHex } from '@kith/core/bytes'
import { kinds, sortHeads } from '@kith/core/change'
import { encodeDeviceCut, encodeKeys, encodeRemoval } from '@kith/core/membership'
import { somebody } from './targets.ts'
import { type Act, unique } from '../honest/act.ts'
import { writeAdmission } from '../scene/begin.ts'
import { tagKey } from '../scene/bodies.ts'
import { write, writeAsPerson } from '../scene/write.ts'

/** Ends a device of somebody else, and cuts what it did. */
export const foreignRevocation: Act = (scene, actor, dice) => {
  const target = somebody(scene, dice)
  if (!target.admission) return
  const body = encodeRemoval({
    salt: scene.crypto.random(16),
    grants: [target.admission],
    cut: [],
    replacement: undefined,
  })
  const heads = [...actor.membership.personHeads(actor.person.id), ...actor.membership.personHeads(target.person.id)]
  const own = writeAsPerson(scene, actor, kinds.removal, body, {
    deps: { membership: unique([...heads, target.admission]), content: [] },
  })
  // One that its own person meant: somebody else may not put it into force here.
  const theirs = actor.known.filter(
    ({ header }) =>
      header.kind === kinds.removal &&
      [scene.space, actor.person.id].every((space) => toHex(header.space) !== toHex(space)),
  )
  const revocation = theirs.length > 0 && dice.chance(0.5) ? dice.pick(theirs).hash : own.hash
  const deps = { membership: unique([revocation, ...actor.membership.heads().slice(0, 60)]), content: [] }
  write(scene, actor, kinds.deviceCut, encodeDeviceCut({ salt: scene.crypto.random(16), revocation, cut: [] }), {
    deps,
  })
}

/** A stolen device cuts off those of its own person, and what they did. */
export const stolenDevice: Act = (scene, actor, dice) => {
  const siblings = scene.actors.filter((other) => other.person === actor.person && other !== actor)
  if (siblings.length === 0 || actor.person.n === 0) return
  const target = dice.pick(siblings)
  if (!target.admission) return
  const body = encodeRemoval({
    salt: scene.crypto.random(16),
    grants: [target.admission],
    cut: [],
    replacement: undefined,
  })
  const revocation = writeAsPerson(scene, actor, kinds.removal, body)
  const deps = { membership: sortHeads([revocation.hash, ...actor.membership.heads().slice(0, 60)]), content: [] }
  write(
    scene,
    actor,
    kinds.deviceCut,
    encodeDeviceCut({ salt: scene.crypto.random(16), revocation: revocation.hash, cut: [] }),
    { deps },
  )
}

/** A device lets itself in to the other app. */
export const greedyAdmission: Act = (scene, actor) => {
  writeAdmission(scene, actor, actor, true)
}

/** Renews keys that are not its own to renew, or leaves a device out. */
export const falseKeys: Act = (scene, actor, dice) => {
  const person = dice.chance(0.7) ? actor.person : somebody(scene, dice).person
  const tag = dice.chance(0.5) ? person.tag : person.otherTag
  const devices = dice.chance(0.5) ? [actor.device] : [actor.device, somebody(scene, dice).device]
  const keys = [tagKey(scene, tag, [...new Map(devices.map((device) => [toHex(device), device])).values()])]
  writeAsPerson(
    scene,
    actor,
    kinds.keys,
    encodeKeys({ salt: scene.crypto.random(16), ephemeral: scene.crypto.createKey(), keys }),
  )
}

/** From now on a second device is in somebody else's hands. */
export const steal: Act = (scene, _actor, dice) => {
  const seconds = scene.actors.filter(({ name, person }) => name.includes('d') && person.n !== 0)
  if (seconds.length > 0) dice.pick(seconds).isHostile = true
}
