import { toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import { encodeBroken, encodeShare, type Membership } from '@kith/core/membership'
import { backdate } from './stance.ts'
import { somebody } from './targets.ts'
import type { Act } from '../honest/act.ts'
import { evaluate } from '../promises/evaluate.ts'
import { pastOf } from '../promises/past.ts'
import { epochBody } from '../scene/bodies.ts'
import type { Actor, Scene } from '../scene/scene.ts'
import { write } from '../scene/write.ts'

/** An epoch as it should be, but not owed, or with an admin key of somebody who is none. */
export const greedyEpoch: Act = (scene, actor, dice) => {
  const highest = dice.pick(['admin', 'write'] as const)
  const ends = actor.known.filter(
    ({ header }) => header.kind === kinds.removal && toHex(header.space) === toHex(scene.space),
  )
  if (ends.length === 0 || dice.chance(0.3)) {
    write(scene, actor, kinds.epoch, epochBody(scene, actor.membership, highest))
    return
  }
  for (const removal of dice.shuffle(ends).slice(0, lookedAtMost)) {
    const then = rightAfter(scene, actor, removal)
    const me = then.member(actor.person.id)
    if (!me || !then.isRotationOwed()) continue
    const wanted = me.rank === 'writer' ? 'admin' : highest
    const published = me.rank === 'writer' && dice.chance(0.5)
    const body = published
      ? epochBody(scene, then, 'write', undefined, scene.crypto.random(32))
      : epochBody(scene, then, wanted)
    return void write(scene, actor, kinds.epoch, body, {
      grant: me.grant,
      deps: { membership: then.heads().slice(0, 64), content: [] },
    })
  }
}

/** Each costs as much as all that came before it. */
const lookedAtMost = 4

/** As of a moment when a new epoch may be owed: right after somebody was removed. */
const rightAfter = (scene: Scene, actor: Actor, removal: Change): Membership => {
  const past = pastOf(scene, removal).add(toHex(removal.hash))
  const before = actor.known.filter(({ hash }) => past.has(toHex(hash)))
  return evaluate(scene, before, undefined)
}

/** A writer starts one after another, from one moment when one was owed: whoever is asked has to look at all of them. */
export const manyEpochs: Act = (scene, actor, dice) => {
  const { membership } = actor
  const deps = { membership: membership.heads().slice(0, 64), content: [] }
  for (let n = dice.between(10, 30); n > 0; n -= 1)
    write(scene, actor, kinds.epoch, epochBody(scene, membership, 'write'), { deps })
}

/** Sealed to others than it must be, or started without need. */
export const falseEpoch: Act = (scene, actor, dice) => {
  const highest = dice.pick(['admin', 'write'] as const)
  const right = actor.membership.recipients(highest)
  const wrong = dice.chance(0.5)
    ? right.filter(() => dice.chance(0.7))
    : [...right, { id: actor.person.id, level: 'admin' as const, sealing: actor.sealing }]
  const recipients = dice.chance(0.3) ? right : wrong.sort((a, b) => (toHex(a.id) < toHex(b.id) ? -1 : 1))
  const patch = dice.chance(0.5) ? backdate(scene, actor, dice, actor.own.membership) : {}
  for (let n = dice.between(1, 3); n > 0; n -= 1)
    write(scene, actor, kinds.epoch, epochBody(scene, actor.membership, highest, recipients), patch)
}

/** Hands the keys to somebody whom they are not due. */
export const falseShare: Act = (scene, actor, dice) => {
  const epochs = actor.membership.epochs()
  if (epochs.length === 0) return
  const boxes = [
    {
      person: somebody(scene, dice).person.id,
      level: dice.pick(['read', 'write', 'admin'] as const),
      box: scene.crypto.random(48),
    },
  ]
  const body = encodeShare({
    salt: scene.crypto.random(16),
    epoch: dice.pick(epochs).hash,
    ephemeral: scene.crypto.createKey(),
    boxes,
  })
  write(scene, actor, kinds.share, body, dice.chance(0.5) ? backdate(scene, actor, dice, actor.own.membership) : {})
}

export const falseBroken: Act = (scene, actor, dice) => {
  const epochs = actor.membership.epochs()
  if (epochs.length > 0)
    write(scene, actor, kinds.broken, encodeBroken({ salt: scene.crypto.random(16), epoch: dice.pick(epochs).hash }))
}
