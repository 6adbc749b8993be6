import { equalBytes, toHex } from '@kith/core/bytes'
import { sortHeads } from '@kith/core/change'
import { type Rank, rankNumbers } from '@kith/core/membership'
import type { Actor, Scene } from '../scene/scene.ts'
import type { Dice } from '@kith/testing/simulation'

/** What a step does; `dice` belongs to the step alone, so that leaving out others changes nothing about it. */
export type Act = (scene: Scene, actor: Actor, dice: Dice) => void

export type Acts = Readonly<Record<string, { readonly weight: number; readonly act: Act }>>

/** Its rank as far as it knows; none once its person has ended the device, or while there is what only a newer version can judge. */
export const rankOf = ({ membership, person, device }: Actor): Rank | undefined => {
  if (membership.unsupported().length > 0) return undefined
  const me = membership.member(person.id)
  return me?.devices.some((live) => equalBytes(live.device, device)) ? me.rank : undefined
}

export const isAtLeast = (rank: Rank | undefined, least: Rank): boolean =>
  rank !== undefined && rankNumbers[rank] >= rankNumbers[least]

/** Somebody hostile with the same rank or the same person may take rights away between two looks: no promise then. */
export const isRivalled = ({ actors }: Scene, { person, isHostile }: Actor): boolean =>
  isHostile || actors.some((other) => other.person === person && other.isHostile)

/** Whether its own person has ended it, as far as it knows. */
export const isOut = (actor: Actor): boolean =>
  actor.membership.member(actor.person.id) !== undefined && rankOf(actor) === undefined

export const unique = (hashes: readonly Uint8Array[]): Uint8Array[] =>
  sortHeads([...new Map(hashes.map((hash) => [toHex(hash), hash])).values()])

/** The heads that a removal by the rules accepts: all that are known of these devices. */
export const knownHeads = ({ membership, content }: Actor, devices: readonly Uint8Array[]): Uint8Array[] =>
  sortHeads([...membership.chainHeads(devices), ...content.chainHeads(devices)])
