import { equalBytes, toHex } from '@kith/core/bytes'
import { type Change, kinds } from '@kith/core/change'
import type { Scene } from './scene.ts'

export const short = (hash: Uint8Array): string => toHex(hash).slice(0, 8)

/** "p1 removal 3 (ab12cd34)": for people who read a failure. */
export const nameOf = (scene: Pick<Scene, 'actors'>, { header, hash }: Change): string => {
  const author = scene.actors.find(({ device }) => equalBytes(device, header.device))
  const kind = Object.entries(kinds).find(([, number]) => number === header.kind)?.[0] ?? `kind ${header.kind}`
  return `${author?.name ?? 'recovery'}${author?.isHostile ? ' (hostile)' : ''} ${kind} ${header.seq} (${short(hash)})`
}
