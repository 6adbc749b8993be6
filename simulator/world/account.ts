import { equalBytes, ifUsable, toBase32, toHex } from '@kith/core/bytes'
import { type Change, createOpIds, decodeDataBody, kinds, kindToName, opCodes } from '@kith/core/change'
import { decodeMembershipBody } from '@kith/core/membership'
import { createSeededCrypto } from '@kith/testing/simulation'
import type { SimDevice } from './device.ts'
import { findChanges, findDeviceKey } from './loot.ts'
import type { World } from './world.ts'

/**
 * What each device has of the shared space, and what it makes of it, as lines: the end of the trace of a world that broke a promise. A change
 * is named by the first eight digits of its hash.
 */
export const giveAccount = ({ devices, spaceId }: World): string[] => {
  const names = new Map<string, string>()
  const found = new Map<string, { readonly change: Change; readonly at: string[] }>()
  for (const device of devices) {
    const key = findDeviceKey(device.disk)
    if (key) names.set(toHex(key.publicKey), device.name)
    for (const { change } of findChanges(device.disk)) {
      if (!isToBeTold(change, spaceId)) continue
      const known = found.get(toHex(change.hash))
      if (!known) found.set(toHex(change.hash), { change, at: [device.name] })
      else if (!known.at.includes(device.name)) known.at.push(device.name)
    }
  }
  const inOrder = [...found.values()].sort(
    ({ change: { header: left } }, { change: { header: right } }) =>
      left.time.ms - right.time.ms || left.time.counter - right.time.counter,
  )
  return [
    ...inOrder.map(({ change, at }) => {
      const author = names.get(toHex(change.header.device)) ?? short(change.header.device)
      return `${change.header.time.ms} ${author} ${describe(change)}, at ${at.join(' ')}`
    }),
    ...devices.flatMap(listVerdicts),
  ]
}

/** The person's own changes count where they say whose devices there are. */
const isToBeTold = ({ header, hash }: Change, spaceId: string | undefined): boolean =>
  [hash, header.space].some((id) => toBase32(id) === spaceId) ||
  header.kind === kinds.admission ||
  (header.kind === kinds.removal && equalBytes(header.grant, header.admission))

const listVerdicts = ({ name, disk }: SimDevice): string[] => {
  const hashes = new Map(findChanges(disk).map(({ number, change }) => [number, short(change.hash)]))
  const rows = disk.read(
    "SELECT change, code, reason FROM held UNION SELECT change, 'waiting', reason FROM waiting ORDER BY change",
  )
  return rows.map(
    ({ change, code, reason }) => `${name}: ${hashes.get(change as number)} ${code as string}: ${reason as string}`,
  )
}

const describe = ({ header, hash, body }: Change): string => {
  const parts = [`${kindToName(header.kind) ?? header.kind} ${short(hash)} #${header.seq}`]
  const say = (what: string, hashes: readonly Uint8Array[]): unknown =>
    hashes.length > 0 && parts.push(`${what} ${hashes.map(short).join(' ')}`)
  const read = body && header.kind < 64 ? decodeMembershipBody(header.kind, body) : undefined
  if (read?.kind === 'removal') {
    say('ends', read.body.grants)
    parts.push(`keeps ${read.body.cut.map(short).join(' ') || 'nothing'}`)
    if (read.body.replacement) parts.push(`leaves ${read.body.replacement.rank}`)
  }
  if (read?.kind === 'deviceCut') {
    say('repeats', [read.body.revocation])
    parts.push(`keeps ${read.body.cut.map(short).join(' ') || 'nothing'}`)
  }
  if (read?.kind === 'grant') parts.push(`${read.body.type} ${read.body.rank}`)
  if (read?.kind === 'share' || read?.kind === 'broken') say('of', [read.body.epoch])
  const data = body && header.kind === kinds.data ? ifUsable(() => decodeDataBody(body)) : undefined
  if (data) {
    const opId = createOpIds(crypto, { ...header, salt: data.salt })
    parts.push(`${data.ops.map(([code]) => opNames[code]).join(' ')} ${toBase32(opId(0)).slice(0, 22)}`)
  }
  say('by', [header.grant])
  say(
    'under',
    [header.epoch].filter(({ length }) => length > 0),
  )
  say(
    'after',
    [header.prev].filter(({ length }) => length > 0),
  )
  say('knows', header.deps.membership)
  say('saw', header.deps.content)
  return parts.join(' ')
}

const short = (hash: Uint8Array): string => toHex(hash).slice(0, 8)
const opNames = Object.keys(opCodes)
const crypto = createSeededCrypto('account')
