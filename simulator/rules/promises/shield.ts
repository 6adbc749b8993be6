import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import { decodeMembershipBody, type Membership } from '@kith/core/membership'
import { removalsByTop } from './cuts.ts'
import { evaluate } from './evaluate.ts'
import { chainBelow, contentSeen, pastOf } from './past.ts'
import { judge, judgementToText } from '../scene/learn.ts'
import { nameOf } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'

/** A removed admin cannot void what those who removed him had seen. */
export const checkShield = (scene: Scene, actor: Pick<Actor, 'name' | 'membership' | 'known'>): void => {
  const { membership, known } = actor
  const removals = known.flatMap((change) => {
    const decoded =
      change.header.kind === kinds.removal && change.body ? decodeMembershipBody(kinds.removal, change.body) : undefined
    return decoded?.kind === 'removal' ? [{ change, grants: decoded.body.grants, cut: decoded.body.cut }] : []
  })
  // Where a chain has a gap, nobody here can tell that what is below it was seen.
  const here = { byKey: new Map(known.map((change) => [toHex(change.hash), change])) }
  for (const { removal } of removalsByTop(scene, known, membership)) {
    const own = removals.find(({ change }) => change === removal)
    if (!own) continue
    const inside = chainBelow(here, own.cut)
    const past = pastOf(scene, removal)
    const seen = contentSeen(here, removal, past)
    /** What the removed did beyond the cut: limited, whatever it says. */
    const limited = new Set(
      removals.filter(
        ({ change }) =>
          change === removal ||
          (own.grants.some((grant) => equalBytes(grant, change.header.grant)) &&
            !(inside.has(toHex(change.hash)) && past.has(toHex(change.hash)))),
      ),
    )
    let inPast: Membership | undefined
    const isEndedOtherwise = (grant: Uint8Array): boolean =>
      removals.some((other) => !limited.has(other) && other.grants.some((named) => equalBytes(named, grant)))
    for (const change of known) {
      const { header, hash } = change
      if (
        header.kind < kinds.data ||
        !seen.has(toHex(hash)) ||
        header.deps.membership.some((head) => !past.has(toHex(head)))
      )
        continue
      const line = lineOf(scene, header.grant)
      // The removal itself takes nothing that it accepts; what it had only heard of, and did not have, it could not list.
      const isListed = (at: Change): boolean => {
        const isNamed = own.grants.some((grant) => equalBytes(grant, at.header.grant))
        return !isNamed || inside.has(toHex(at.hash))
      }
      const givers = (line ?? []).flatMap((grant) => scene.byKey.get(toHex(grant)) ?? [])
      if (![change, ...givers].every(isListed)) continue
      if (line === undefined || line.some(isEndedOtherwise)) continue
      if ([change, ...givers].some((at) => isOwnMatter(scene, known, at, own.grants))) continue
      if (membership.verdictOf(header.schema) !== 'applied') continue
      inPast ??= evaluate(
        scene,
        known.filter(({ hash: other }) => past.has(toHex(other)) || seen.has(toHex(other))),
        undefined,
      )
      if (judge({ membership: inPast }, change).status !== 'allowed') continue
      const now = judge({ membership }, change)
      if (now.status !== 'allowed')
        scene.violate(
          'what a remover saw stays',
          `${actor.name}: ${nameOf(scene, change)} is ${judgementToText(now)}, though ${nameOf(scene, removal)} had seen it`,
        )
    }
  }
}

/** The grants that a grant rests on, itself first; undefined where a recovery key or nobody gave one. */
const lineOf = (scene: Scene, grant: Uint8Array): Uint8Array[] | undefined => {
  const line: Uint8Array[] = []
  for (let at = grant; line.length < 50; ) {
    line.push(at)
    if (equalBytes(at, scene.space)) return line
    const change = scene.byKey.get(toHex(at))
    if (!change) return undefined
    at = change.header.grant
  }
  return undefined
}

/**
 * Whether the author's own devices may have taken a change back: by revoking each other, where the removal does not bind it; by a device cut under
 * a grant that the removal does not end.
 */
const isOwnMatter = (
  scene: Scene,
  known: readonly Change[],
  { header }: Change,
  ended: readonly Uint8Array[],
): boolean => {
  const isNamed = (grant: Uint8Array): boolean => ended.some((other) => equalBytes(other, grant))
  const person = scene.actors.find(({ device }) => equalBytes(device, header.device))?.person
  const devices = scene.actors.filter((actor) => actor.person === person).map(({ device }) => toHex(device))
  return known.some(({ header: other }) => {
    if (!isNamed(header.grant) && other.kind === kinds.removal && person && equalBytes(other.space, person.id))
      return true
    return other.kind === kinds.deviceCut && devices.includes(toHex(other.device)) && !isNamed(other.grant)
  })
}
