import { equalBytes, toHex } from '@kith/core/bytes'
import { kinds } from '@kith/core/change'
import { decodeMembershipBody, rankNumbers } from '@kith/core/membership'
import { chainBelow, pastOf } from './past.ts'
import { rankOfAuthor } from './ranks.ts'
import { judge } from '../scene/learn.ts'
import { nameOf } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'

type Seen = Pick<Actor, 'name' | 'membership' | 'known'>

/** A record that withdraws a right judges all that lies beyond its cut, seen or not. */
export const checkWithdrawals = (scene: Scene, { name, membership, known }: Seen): void => {
  for (const record of known) {
    const { header, body, hash } = record
    if (header.kind !== kinds.schema || !body || membership.verdictOf(hash) !== 'applied') continue
    const decoded = decodeMembershipBody(kinds.schema, body)
    if (decoded.kind !== 'schema' || decoded.body.cut === undefined) continue
    const inside = chainBelow(scene, decoded.body.cut)
    for (const change of known) {
      if (change.header.kind < kinds.data || inside.has(toHex(change.hash))) continue
      const judged = judge({ membership }, change)
      if (judged.status !== 'allowed' || judged.schemas.some((schema) => equalBytes(schema.hash, hash))) continue
      if (!pastOf(scene, change).has(toHex(hash)))
        scene.violate(
          'withdrawn rights stay withdrawn',
          `${name}: ${nameOf(scene, change)} knows nothing of ${nameOf(scene, record)}`,
        )
    }
  }
}

/** Nobody below an admin can stop others by a kind that they do not know. */
export const checkUnsupported = (scene: Scene, { name, membership }: Seen): void => {
  for (const change of membership.unsupported()) {
    // What rests on something unknown is unknown too, whoever made it.
    if (Object.values<number>(kinds).includes(change.header.kind)) continue
    const rank = rankOfAuthor(scene, change, 0)
    if (rank === undefined || rankNumbers[rank] < rankNumbers.admin)
      scene.violate('only admins stop an old version', `${name}: ${nameOf(scene, change)} by ${rank}`)
  }
}
