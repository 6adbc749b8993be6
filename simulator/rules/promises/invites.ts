import { equalBytes, toHex } from '@kith/core/bytes'
import { kinds } from '@kith/core/change'
import { decodeGrant } from '@kith/core/membership'
import { pastOf } from './past.ts'
import { nameOf } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'

/** An invite lets in no more than it says, as far as those who came knew of each other; and nobody late. */
export const checkInvites = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  const joins = known.filter(
    ({ header, hash }) => header.kind === kinds.join && membership.verdictOf(hash) === 'applied',
  )
  for (const join of joins) {
    const grant = scene.byKey.get(toHex(join.header.grant))
    const body = grant?.body && grant.header.kind === kinds.grant ? decodeGrant(grant.body) : undefined
    if (body?.type !== 'invite') {
      scene.violate('an invite has its bounds', `${name}: ${nameOf(scene, join)} joins by what is no invite`)
      continue
    }
    const past = pastOf(scene, join)
    const before = joins.filter(
      (other) => past.has(toHex(other.hash)) && equalBytes(other.header.grant, join.header.grant),
    )
    if (body.uses !== null && before.length >= body.uses)
      scene.violate('an invite has its bounds', `${name}: ${nameOf(scene, join)} is one too many`)
    if (body.expires !== null && join.header.time.ms > body.expires)
      scene.violate('an invite has its bounds', `${name}: ${nameOf(scene, join)} is late`)
  }
}
