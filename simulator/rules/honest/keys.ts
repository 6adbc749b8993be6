import { toHex } from '@kith/core/bytes'
import { kinds } from '@kith/core/change'
import { encodeSchema, encodeShare } from '@kith/core/membership'
import { type Act, isAtLeast, isRivalled, rankOf } from './act.ts'
import { epochBody, saltedBody } from '../scene/bodies.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import { write } from '../scene/write.ts'

export const writeContent: Act = (scene, actor) => {
  const { membership } = actor
  if (!isAtLeast(rankOf(actor), 'writer')) return
  if (membership.isRotationOwed()) startEpoch(scene, actor)
  const [epoch, schema] = [membership.epochInUse(), membership.newestSchemas()[0]]
  if (!epoch || !schema) return
  const change = write(scene, actor, kinds.data, saltedBody(scene), { epoch: epoch.hash, schema: schema.hash })
  const judged = membership.judgeAuthor(change.header, change.hash)
  if (judged.status !== 'allowed' && !isRivalled(scene, actor))
    scene.violate('members may write', `${actor.name} wrote content that is ${JSON.stringify(judged)}`)
}

export const startEpoch = (scene: Scene, actor: Actor): void => {
  const rank = rankOf(actor)
  if (!isAtLeast(rank, 'writer')) return
  const owed = actor.membership.isRotationOwed()
  const change = write(
    scene,
    actor,
    kinds.epoch,
    epochBody(scene, actor.membership, isAtLeast(rank, 'admin') ? 'admin' : 'write'),
  )
  scene.count('epoch')
  const verdict = actor.membership.verdictOf(change.hash)
  if (verdict !== 'applied' && owed && !isRivalled(scene, actor))
    scene.violate('members may rotate', `${actor.name} wrote an epoch that is ${JSON.stringify(verdict)}`)
}

export const rotate: Act = (scene, actor, dice) => {
  if (actor.membership.isRotationOwed() || (isAtLeast(rankOf(actor), 'admin') && dice.chance(0.2)))
    startEpoch(scene, actor)
}

export const share: Act = (scene, actor) => {
  const epoch = actor.membership.epochInUse()
  const missed = epoch && actor.membership.missed(epoch.hash)
  if (!epoch || !missed || missed.length === 0 || !rankOf(actor)) return
  const boxes = missed.map(({ person, level }) => ({ person, level, box: scene.crypto.random(48) }))
  boxes.sort((a, b) => (toHex(a.person) < toHex(b.person) ? -1 : 1))
  const body = encodeShare({
    salt: scene.crypto.random(16),
    epoch: epoch.hash,
    ephemeral: scene.crypto.createKey(),
    boxes,
  })
  const change = write(scene, actor, kinds.share, body)
  scene.count('share')
  const verdict = actor.membership.verdictOf(change.hash)
  if (verdict !== 'applied' && !isRivalled(scene, actor))
    scene.violate('members may share', `${actor.name}: ${JSON.stringify(verdict)}`)
}

export const publishSchema: Act = (scene, actor, dice) => {
  const rank = rankOf(actor)
  if (!isAtLeast(rank, 'writer')) return
  const isAdmin = isAtLeast(rank, 'admin')
  const cut = isAdmin && dice.chance(0.4) ? actor.content.frontier() : undefined
  write(
    scene,
    actor,
    kinds.schema,
    encodeSchema({ salt: scene.crypto.random(16), record: Uint8Array.of(isAdmin ? 1 : 0), cut }),
  )
  scene.count('schema')
}
