import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import { decodeMembershipBody, type Level, type Membership } from '@kith/core/membership'
import { dueTo, levelsOf } from './ranks.ts'
import { short } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'

/** Keys that are in use are with nobody who is out or due less. */
export const checkEpochs = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  const members = new Map(membership.members().map((member) => [toHex(member.person), member]))
  const invites = new Map(membership.invites().map((invite) => [toHex(invite.hash), invite]))
  const broken = calledBroken(membership, known)
  for (const epoch of membership.epochs()) {
    if (!epoch.isClean) continue
    if (membership.epochs().some(({ supersedes }) => supersedes.some((older) => equalBytes(older, epoch.hash))))
      scene.violate('clean keys are with members alone', `${name}: ${short(epoch.hash)} was superseded`)
    if (broken.has(toHex(epoch.hash)))
      scene.violate('clean keys are with members alone', `${name}: ${short(epoch.hash)} was called broken`)
    const highest: Level = epoch.commitments.admin === undefined ? 'write' : 'admin'
    for (const { id, level } of membership.readers(epoch.hash)) {
      const rank = members.get(toHex(id))?.rank ?? invites.get(toHex(id))?.rank
      if (rank === undefined)
        scene.violate(
          'clean keys are with members alone',
          `${name}: ${short(epoch.hash)} is with ${short(id)}, who is out`,
        )
      else if (levelsOf[level] > Math.min(levelsOf[dueTo(rank)], levelsOf[highest]))
        scene.violate('clean keys are with members alone', `${name}: ${short(id)} has ${level} of ${short(epoch.hash)}`)
    }
    for (const { id, sealing } of epoch.recipients) {
      const member = members.get(toHex(id))
      const current = member && membership.sealingKey(member.person, member.tag)
      const tags = scene.actors.filter(({ person }) => equalBytes(person.id, id))
      if (sealing && current && tags.length > 0 && !equalBytes(sealing, current))
        scene.violate(
          'clean keys are with members alone',
          `${name}: ${short(epoch.hash)} is sealed to an old key of ${short(id)}`,
        )
    }
  }
  const lowest = membership.epochs().find(({ isClean }) => isClean)
  const inUse = membership.epochInUse()
  if (lowest && (!inUse || !equalBytes(lowest.hash, inUse.hash)))
    scene.violate('the lowest clean epoch is in use', name)
  if ((lowest === undefined) !== membership.isRotationOwed())
    scene.violate('the lowest clean epoch is in use', `${name}: owed is wrong`)
}

const calledBroken = (membership: Membership, known: readonly Change[]): ReadonlySet<string> =>
  new Set(
    known.flatMap(({ header, body, hash }) => {
      if (header.kind !== kinds.broken || !body || membership.verdictOf(hash) !== 'applied') return []
      const decoded = decodeMembershipBody(header.kind, body)
      return decoded.kind === 'broken' ? [toHex(decoded.body.epoch)] : []
    }),
  )
