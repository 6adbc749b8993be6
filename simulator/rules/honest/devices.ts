import { compareBytes, equalBytes, toHex } from '@kith/core/bytes'
import { kinds, sortHeads } from '@kith/core/change'
import { decodeAdmission, encodeDeviceCut, encodeKeys, encodeRemoval } from '@kith/core/membership'
import { type Act, isOut, knownHeads, rankOf, unique } from './act.ts'
import type { Actor } from '../scene/scene.ts'
import { addDevice, writeAdmission } from '../scene/begin.ts'
import { tagKey } from '../scene/bodies.ts'
import { write, writeAsPerson } from '../scene/write.ts'

export const admit: Act = (scene, actor, dice) => {
  if (scene.actors.filter(({ person }) => person === actor.person).length > 2 || isOut(actor)) return
  const device = addDevice(scene, actor, hasOtherApp(actor) && dice.chance(0.4))
  scene.count(
    `admission ${actor.membership.verdictOf(device.admission as Uint8Array) === 'applied' ? 'applied' : 'refused'}`,
  )
}

/** A device that is there already is let in to the other app too. */
export const widen: Act = (scene, actor, dice) => {
  if (isOut(actor) || !hasOtherApp(actor)) return
  const siblings = scene.actors.filter(
    ({ person, admission, hasOtherApp: has }) => person === actor.person && admission && !has,
  )
  if (siblings.length === 0) return
  const sibling = dice.pick(siblings)
  if (!actor.knownKeys.has(toHex(sibling.admission as Uint8Array))) return
  const { hash } = writeAdmission(scene, actor, sibling, true)
  sibling.hasOtherApp = true
  scene.count(`widening ${actor.membership.verdictOf(hash) === 'applied' ? 'applied' : 'refused'}`)
}

/** As far as it knows: nobody has ended it there. */
const hasOtherApp = ({ membership, person, device, hasOtherApp: has }: Actor): boolean =>
  has && membership.devicesOfTag(person.id, person.otherTag).some((one) => equalBytes(one.device, device))

export const renewKeys: Act = (scene, actor) => {
  if (isOut(actor)) return
  const siblings = scene.actors.filter(({ person, admission }) => person === actor.person && admission)
  const live = actor.membership.member(actor.person.id)?.devices.map(({ device }) => toHex(device))
  const devices = siblings
    .filter(({ device }) => live === undefined || live.includes(toHex(device)))
    .map(({ device }) => device)
  const { id, tag, otherTag } = actor.person
  const others = actor.membership.devicesOfTag(id, otherTag).map(({ device }) => device)
  const keys = [tagKey(scene, tag, devices), ...(hasOtherApp(actor) ? [tagKey(scene, otherTag, others)] : [])]
  keys.sort((one, other) => compareBytes(one.tag, other.tag))
  const body = encodeKeys({ salt: scene.crypto.random(16), ephemeral: scene.crypto.createKey(), keys })
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
  const admissions = actor.known.filter(({ header, body }) => {
    const decoded = header.kind === kinds.admission && body ? decodeAdmission(body) : undefined
    return decoded !== undefined && equalBytes(decoded.device, device)
  })
  const grants = unique([admission, ...admissions.map(({ hash }) => hash)])
  const body = encodeRemoval({ salt: scene.crypto.random(16), grants, cut, replacement: undefined })
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
