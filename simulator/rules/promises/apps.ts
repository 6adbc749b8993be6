import { equalBytes, toHex } from '@kith/core/bytes'
import { kinds } from '@kith/core/change'
import { decodeKeys } from '@kith/core/membership'
import { nameOf, short } from '../scene/names.ts'
import type { Actor, Scene } from '../scene/scene.ts'

/** A device has the apps that it was let in to by one that had them, and the keys of no other. */
export const checkApps = (
  scene: Scene,
  { name, membership, known }: Pick<Actor, 'name' | 'membership' | 'known'>,
): void => {
  const promise = 'an app is for devices that were let in to it'
  const having = scene.actors.filter(({ hasOtherApp }) => hasOtherApp)
  const has = (device: Uint8Array) => having.some((other) => equalBytes(other.device, device))
  const people = new Set(scene.actors.map(({ person }) => person))
  for (const { id, n, otherTag } of people)
    for (const { device } of membership.devicesOfTag(id, otherTag))
      if (!has(device)) scene.violate(promise, `${name}: ${short(device)} of p${n}`)
  const others = new Set([...people].map(({ otherTag }) => toHex(otherTag)))
  for (const change of known) {
    if (change.header.kind !== kinds.keys || !change.body || membership.verdictOf(change.hash) !== 'applied') continue
    const key = decodeKeys(change.body).keys.find(({ tag }) => others.has(toHex(tag)))
    const isTheirs = key === undefined || (has(change.header.device) && key.boxes.every(({ device }) => has(device)))
    if (!isTheirs) scene.violate(promise, `${name}: ${nameOf(scene, change)}`)
  }
}
