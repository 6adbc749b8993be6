import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kindToChain } from '@kith/core/change'
import type { AuthorJudgement } from '@kith/core/membership'
import { nameOf, short } from './names.ts'
import type { Actor, Scene } from './scene.ts'

/** Hands changes to a device, and sees that it is told whose content it has to judge again. */
export const learn = (scene: Scene, actor: Actor, changes: readonly Change[]): void => {
  const fresh = changes.filter(({ hash }) => {
    const key = toHex(hash)
    if (actor.knownKeys.has(key)) return false
    actor.knownKeys.add(key)
    return true
  })
  const rights = fresh.filter(({ header }) => kindToChain(header.kind) === 'membership')
  for (const change of fresh) {
    actor.known.push(change)
    if (kindToChain(change.header.kind) === 'content') actor.content.add(change)
  }
  // What came of content may fill a gap below a cut: those verdicts are the database's to look after.
  for (const change of actor.content.all())
    actor.verdicts.set(toHex(change.hash), judgementToText(judge(actor, change)))
  if (rights.length === 0) return
  const before = new Map(actor.verdicts)
  // Now and then a change comes twice.
  const { shaken } = actor.membership.add(scene.dice.chance(0.1) ? [...rights, ...rights] : rights)
  for (const change of actor.content.all()) {
    const key = toHex(change.hash)
    const now = judgementToText(judge(actor, change))
    const was = before.get(key)
    actor.verdicts.set(key, now)
    if (was === undefined || was === now || was.startsWith('waiting')) continue
    if (!shaken.some((device) => equalBytes(device, change.header.device)))
      scene.violate('shaken devices are named', `${actor.name}: ${was} became ${now} for ${nameOf(scene, change)}`)
  }
}

export const judge = (actor: Pick<Actor, 'membership'>, { header, hash }: Change): AuthorJudgement =>
  actor.membership.judgeAuthor(header, hash)

export const judgementToText = (judgement: AuthorJudgement): string => {
  switch (judgement.status) {
    case 'allowed':
      return `allowed ${judgement.rank} ${judgement.role} ${judgement.schemas
        .map(({ hash }) => short(hash))
        .sort()
        .join()}`
    case 'waiting':
      return `waiting ${judgement.reason}`
    case 'heldBack':
      return `held ${judgement.code}`
  }
}
