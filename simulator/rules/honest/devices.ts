import { equalBytes, toHex } from '@kith/core/bytes'
import { kinds, sortHeads } from '@kith/core/change'
import { encodeDeviceCut, encodeKeys, encodeRemoval } from '@kith/core/membership'
import { type Act, isOut, knownHeads, rankOf } from './act.ts'
import { addDevice } from '../scene/begin.ts'
import { tagKey } from '../scene/bodies.ts'
import { write, writeAsPerson } from '../scene/write.ts'

export const admit: Act = (scene, actor) => {
  if (scene.actors.filter(({ person }) => person === actor.person).length > 2 || isOut(actor)) return
  const device = addDevice(scene, actor)
  scene.count(
    `admission ${actor.membership.verdictOf(device.admission as Uint8Array) === 'applied' ? 'applied' : 'refused'}`,
  )
}

export const renewKeys: Act = (scene, actor) => {
  if (isOut(actor)) return
  const siblings = scene.actors.filter(({ person, admission }) => person === actor.person && admission)
  const live = actor.membership.member(actor.person.id)?.devices.map(({ device }) => toHex(device))
  const devices = siblings
    .filter(({ device }) => live === undefined || live.includes(toHex(device)))
    .map(({ device }) => device)
  const body = encodeKeys({
    salt: scene.crypto.random(16),
    ephemeral: scene.crypto.createKey(),
    keys: [tagKey(scene, actor.person.tag, devices)],
  })
  const change = writeAsPerson(scene, actor, kinds.keys, body)
  scene.count(`keys ${actor.membership.verdictOf(change.hash) === 'applied' ? 'applied' : 'refused'}`)
}

/** Another device of the same person is revoked, its keys renewed, and what it did here cut. */
export const revoke: Act = (scene, actor, dice) => {
  const siblings = scene.actors.filter(
    (other) => other.person === actor.person && other !== actor && other.name !== 'p0',
  )
  if (siblings.length === 0 || isOut(actor)) return
  const { admission, device } = dice.pick(siblings)
  if (!admission || !actor.knownKeys.has(toHex(admission))) return
  const theirs = actor.known.filter(
    ({ header }) => equalBytes(header.device, device) && equalBytes(header.space, actor.person.id),
  )
  const continued = new Set(theirs.map(({ header }) => toHex(header.prev)))
  const cut = sortHeads(theirs.map(({ hash }) => hash).filter((hash) => !continued.has(toHex(hash))))
  const body = encodeRemoval({ salt: scene.crypto.random(16), grants: [admission], cut, replacement: undefined })
  const removal = writeAsPerson(scene, actor, kinds.removal, body)
  scene.count(`revocation ${actor.membership.verdictOf(removal.hash) === 'applied' ? 'applied' : 'refused'}`)
  renewKeys(scene, actor, dice)
  cutDevices(scene, actor, dice)
}

export const cutDevices: Act = (scene, actor) => {
  if (!rankOf(actor) || isOut(actor)) return
  for (const { revocation, devices } of actor.membership.cutsOwed(actor.person.id)) {
    const deps = {
      membership: sortHeads([...actor.membership.heads().slice(0, 60), revocation]),
      content: actor.content.frontier(),
    }
    const body = encodeDeviceCut({ salt: scene.crypto.random(16), revocation, cut: knownHeads(actor, devices) })
    const change = write(scene, actor, kinds.deviceCut, body, { deps })
    const verdict = actor.membership.verdictOf(change.hash)
    scene.count(`device cut ${verdict === 'applied' ? 'applied' : 'refused'}`)
  }
}
