import { toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import type { Membership } from '@kith/core/membership'
import { createContent } from '../content.ts'
import { judge, judgementToText } from '../scene/learn.ts'
import { nameOf, short } from '../scene/names.ts'
import type { Scene } from '../scene/scene.ts'
import type { Dice } from '@kith/testing/simulation'

/** A fresh evaluator that gets a set in this order, in pieces. */
export const evaluate = (scene: Scene, all: readonly Change[], dice: Dice | undefined): Membership => {
  const content = createContent()
  for (const change of all) if (change.header.kind >= kinds.data) content.add(change)
  const membership = scene.newMembership(content.order)
  const changes = all.filter(({ header }) => header.kind < kinds.data)
  const order = dice ? dice.shuffle(changes) : changes
  for (let from = 0; from < order.length; ) {
    const to = from + (dice ? 1 + dice.roll(5) : order.length)
    membership.add(order.slice(from, to))
    from = to
  }
  return membership
}

/** What must hold of every set of changes, whoever wrote them; because each promise is short, all of them are in one file. */

/** All that an evaluator says of these changes. */
export const showMembership = (
  scene: Scene,
  membership: Membership,
  changes: readonly Change[],
  contents: readonly Change[],
): string[] => {
  const lines: string[] = []
  const list = (hashes: readonly Uint8Array[]): string => hashes.map(short).join()
  for (const change of changes) {
    const verdict = membership.verdictOf(change.hash)
    lines.push(`${nameOf(scene, change)}: ${typeof verdict === 'object' ? verdict.code : String(verdict)}`)
  }
  for (const change of contents)
    lines.push(`${nameOf(scene, change)}: ${judgementToText(judge({ membership }, change))}`)
  for (const { person, rank, role, grant, grants, devices } of membership.members())
    lines.push(
      `member ${short(person)} ${rank} ${role} ${short(grant)} ${list(grants)} ${devices
        .map(({ device }) => short(device))
        .sort()
        .join()}`,
    )
  for (const epoch of membership.epochs()) {
    const missed = membership.missed(epoch.hash).map(({ person, level }) => `${short(person)} ${level}`)
    const readers = membership
      .readers(epoch.hash)
      .map(({ id, level, isByShare }) => `${short(id)} ${level} ${isByShare}`)
    lines.push(
      `epoch ${short(epoch.hash)} ${epoch.isClean} to ${readers.sort().join()} missed ${missed.sort().join()} over ${list(epoch.supersedes)}`,
    )
  }
  lines.push(
    `in use ${membership.epochInUse() ? short(membership.epochInUse()?.hash as Uint8Array) : 'none'} owed ${membership.isRotationOwed()}`,
  )
  lines.push(`heads ${list(membership.heads())}`)
  for (const { hash, joins } of membership.invites()) lines.push(`invite ${short(hash)} ${joins}`)
  lines.push(`schemas ${list(membership.newestSchemas().map(({ hash }) => hash))}`)
  lines.push(
    `unsupported ${membership
      .unsupported()
      .map(({ hash }) => short(hash))
      .sort()
      .join()}`,
  )
  lines.push(
    `waiting ${membership
      .waiting()
      .map(({ change }) => short(change.hash))
      .sort()
      .join()}`,
  )
  for (const { person } of scene.actors) {
    const { grants, invites } = membership.rightsOf(person.id)
    const key = membership.sealingKey(person.id, person.tag)
    const otherKey = membership.sealingKey(person.id, person.otherTag)
    const having = membership.devicesOfTag(person.id, person.otherTag)
    const owed = membership.cutsOwed(person.id).map(({ revocation }) => short(revocation))
    lines.push(
      `rights of ${short(person.id)} ${list(grants)} ${list(invites)} key ${key ? short(key) : 'none'} cuts owed ${owed.sort().join()}`,
      `other app of ${short(person.id)} ${list(having.map(({ device }) => device))} key ${otherKey ? short(otherKey) : 'none'}`,
    )
  }
  return lines
}

export const split = (all: readonly Change[]): [Change[], Change[]] => [
  all.filter(({ header }) => header.kind < kinds.data).sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1)),
  all.filter(({ header }) => header.kind >= kinds.data).sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1)),
]

export const compare = (
  scene: Scene,
  promise: string,
  who: string,
  left: readonly string[],
  right: readonly string[],
): void => {
  if (left.join('\n') === right.join('\n')) return
  const [ours, theirs] = [new Set(left), new Set(right)]
  const differing = [
    ...left
      .filter((line) => !theirs.has(line))
      .slice(0, 3)
      .map((line) => `- ${line}`),
    ...right
      .filter((line) => !ours.has(line))
      .slice(0, 3)
      .map((line) => `+ ${line}`),
  ]
  scene.violate(promise, `${who}:\n${differing.join('\n')}`)
}
