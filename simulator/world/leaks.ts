import { decodeCbor } from '@kith/core/bytes'
import type { SimDevice } from './device.ts'
import type { SimHub } from './hub.ts'
import { isBlank } from './loot.ts'

/** Looks through every byte that a hub keeps for what it must never have: texts, names, ids and keys. */
export const findLeaks = (
  hubs: readonly SimHub[],
  devices: readonly SimDevice[],
  planted: readonly string[],
): string[] => {
  const needles = new Map<string, Buffer>()
  for (const text of planted) needles.set(`the text "${text}"`, Buffer.from(text))
  for (const device of devices) {
    if (isBlank(device.disk)) continue
    const keep = (what: string, bytes: Uint8Array): unknown =>
      needles.set(`${what} of ${device.name} (${Buffer.from(bytes).toString('hex').slice(0, 8)})`, Buffer.from(bytes))
    for (const { value } of device.disk.read("SELECT value FROM meta WHERE name = 'identity'"))
      for (const bytes of bytesIn(decodeCbor(value as Uint8Array))) keep('a key or id', bytes)
    for (const { name, value } of device.disk.read(
      "SELECT name, value FROM secret WHERE name IN ('epoch', 'invite', 'tag', 'app of tag', 'phrase', 'recovery')",
    ))
      keep(`the secret "${name as string}"`, (value as Uint8Array).subarray(-32))
  }
  return hubs.flatMap((hub) =>
    hub.bytes().flatMap((bytes) => {
      const disk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      return [...needles].flatMap(([what, needle]) => (disk.includes(needle) ? [`${hub.name} has ${what}`] : []))
    }),
  )
}

/** All byte strings in a value that are long enough to be found by no chance. */
const bytesIn = (value: unknown): Uint8Array[] => {
  if (value instanceof Uint8Array) return value.length >= 16 ? [value] : []
  return Array.isArray(value) ? value.flatMap(bytesIn) : []
}
