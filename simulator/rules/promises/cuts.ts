import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import { decodeMembershipBody, type Membership } from '@kith/core/membership'
import { chainBelow, pastOf } from './past.ts'
import { judge } from '../scene/learn.ts'
import { nameOf, short } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'

/** What a removal has ended never comes back. */
export const checkDenials = (scene: Scene, actor: Actor): void => {
  const { membership } = actor
  for (const { header, hash, body } of actor.known) {
    if (header.kind !== kinds.removal || !body || membership.verdictOf(hash) !== 'applied') continue
    const decoded = decodeMembershipBody(kinds.removal, body)
    if (decoded.kind === 'removal') for (const grant of decoded.body.grants) actor.ended.add(toHex(grant))
  }
  const live = [
    ...membership.members().flatMap(({ grants }) => grants),
    ...membership.invites().map(({ hash }) => hash),
  ]
  for (const grant of live)
    if (actor.ended.has(toHex(grant)))
      scene.violate('no denial is undone', `${actor.name} sees ${short(grant)} live again`)
}

/** Who is removed by the highest has no effect beyond the cut; inside it, nothing of his is touched by that removal. */
export const checkCuts = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  for (const { removal } of removalsByTop(scene, known, membership)) {
    const decoded = removal.body && decodeMembershipBody(kinds.removal, removal.body)
    if (!decoded || decoded.kind !== 'removal') continue
    const { grants, cut } = decoded.body
    const inside = chainBelow(scene, cut)
    const past = pastOf(scene, removal)
    for (const change of known) {
      const { header, hash } = change
      if (!grants.some((grant) => equalBytes(grant, header.grant))) continue
      const key = toHex(hash)
      const isContent = header.kind >= kinds.data
      // A device cut needs no grant (rule 10): it binds the devices of its own person, in or out.
      if (header.kind === kinds.deviceCut || (inside.has(key) && (isContent || past.has(key)))) continue
      const verdict = isContent ? judge({ membership }, change).status : membership.verdictOf(hash)
      if (verdict === 'applied' || verdict === 'allowed')
        scene.violate(
          'nothing beyond a cut',
          `${name}: ${nameOf(scene, change)} is ${verdict} beyond ${nameOf(scene, removal)}`,
        )
    }
  }
}

/** Honest removals by the founder's devices and the recovery key, that nothing above them could limit. */
export const removalsByTop = (scene: Scene, known: readonly Change[], membership: Membership) => {
  const keys = new Set(known.map(({ hash }) => toHex(hash)))
  return scene.removals.filter(
    ({ removal, by }) =>
      by === scene.actors[0] && keys.has(toHex(removal.hash)) && membership.verdictOf(removal.hash) === 'applied',
  )
}

/** The founder's own device can be stopped by nobody but its person and the recovery key: what it wrote stays. */
export const checkFounder = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  const [founder] = scene.actors
  if (!founder) return
  for (const change of known) {
    const { header, hash } = change
    if (!equalBytes(header.device, founder.device) || !equalBytes(header.grant, scene.space)) continue
    const isContent = header.kind >= kinds.data
    const verdict = isContent ? judge({ membership }, change).status : membership.verdictOf(hash)
    // The rules that it was written under may have been withdrawn: that is no matter of its author's.
    if (isContent && membership.verdictOf(header.schema) !== 'applied') continue
    if (
      verdict !== 'applied' &&
      verdict !== 'allowed' &&
      verdict !== 'waiting' &&
      founder.verdicts.get(toHex(hash))?.startsWith('held') !== true
    )
      scene.violate('the founder stands', `${name}: ${nameOf(scene, change)} is ${JSON.stringify(verdict)}`)
  }
}

/** What a device cut leaves out of the chains of the device that it ends: where its person said nothing else that could limit it. */
export const checkDeviceCuts = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  const cuts = known.filter(
    ({ header, hash }) =>
      header.kind === kinds.deviceCut &&
      scene.isHonest.get(toHex(hash)) === true &&
      membership.verdictOf(hash) === 'applied',
  )
  for (const cut of cuts) {
    const decoded = cut.body && decodeMembershipBody(kinds.deviceCut, cut.body)
    const revocation = decoded?.kind === 'deviceCut' ? scene.byKey.get(toHex(decoded.body.revocation)) : undefined
    const ended = revocation?.body && decodeMembershipBody(kinds.removal, revocation.body)
    if (decoded?.kind !== 'deviceCut' || ended?.kind !== 'removal') continue
    if (known.some((other) => other !== cut && other !== revocation && mayLimit(other, cut, revocation as Change)))
      continue
    const inside = chainBelow(scene, decoded.body.cut)
    const past = pastOf(scene, cut)
    for (const change of known) {
      const { header, hash } = change
      if (!equalBytes(header.space, scene.space)) continue
      if (!ended.body.grants.some((grant) => equalBytes(grant, header.admission))) continue
      const isContent = header.kind >= kinds.data
      if (inside.has(toHex(hash)) && (isContent || past.has(toHex(hash)))) continue
      const verdict = isContent ? judge({ membership }, change).status : membership.verdictOf(hash)
      if (verdict === 'applied' || verdict === 'allowed')
        scene.violate(
          'nothing beyond a cut',
          `${name}: ${nameOf(scene, change)} is ${verdict} beyond ${nameOf(scene, cut)}`,
        )
    }
  }
}

/** Removals of its author here, and what else its person's devices say of each other. */
const mayLimit = ({ header, body }: Change, cut: Change, revocation: Change): boolean => {
  if (header.kind === kinds.deviceCut) return true
  if (header.kind !== kinds.removal || !body) return false
  if (equalBytes(header.space, revocation.header.space)) return true
  const decoded = decodeMembershipBody(kinds.removal, body)
  return decoded.kind === 'removal' && decoded.body.grants.some((grant) => equalBytes(grant, cut.header.grant))
}
