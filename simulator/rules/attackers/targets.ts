import { toHex } from '@kith/core/bytes'
import { type Header, kinds } from '@kith/core/change'
import { decodeGrant, encodeGrant } from '@kith/core/membership'
import { isAtLeast } from '../honest/act.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import type { Dice } from '@kith/testing/simulation'

export const ranks = ['reader', 'writer', 'admin', 'owner'] as const

export const somebody = (scene: Scene, dice: Dice): Actor => dice.pick(scene.actors)

export const contentNames = (scene: Scene, actor: Actor, dice: Dice): Partial<Header> => {
  const [epochs, schemas] = [kinds.epoch, kinds.schema].map((kind) =>
    actor.known.filter(({ header }) => header.kind === kind),
  )
  return {
    epoch: epochs?.length ? dice.pick(epochs).hash : scene.space,
    schema: schemas?.length ? dice.pick(schemas).hash : scene.space,
  }
}

export const grantBody = (scene: Scene, actor: Actor, dice: Dice, to = actor.person): Uint8Array => {
  const { id, tag } = to
  const rank = dice.pick(ranks)
  return encodeGrant({ type: 'person', salt: scene.crypto.random(16), person: id, tag, rank, role: rank })
}

/** Grants to a person, as the changes themselves say, the higher ones more likely. */
export const grantsTo = (scene: Scene, { person, knownKeys }: Actor): Uint8Array[] =>
  scene.changes.flatMap(({ header, body, hash }) => {
    if (header.kind !== kinds.grant || !body || !knownKeys.has(toHex(hash))) return []
    const grant = decodeGrant(body)
    if (grant.type !== 'person' || toHex(grant.person) !== toHex(person.id)) return []
    return isAtLeast(grant.rank, 'admin') ? [hash, hash, hash] : [hash]
  })
