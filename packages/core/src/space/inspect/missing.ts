import { equalBytes } from '../../bytes/index.ts'
import { createAcquaintance } from '../acquaintance.ts'
import type { Engine } from '../engine.ts'
import type { Replica } from '../replica.ts'
import type { InspectedHub } from './api.ts'
import { nameOf, toShort } from './words.ts'

/** Why there may be more of a space than is here, in words. */
export const whatMayBeMissing = (engine: Engine, replica: Replica, hubs: readonly InspectedHub[]): string[] => [
  ...(replica.me() || replica.epochs().some((epoch) => 'isPublic' in epoch && epoch.isPublic)
    ? []
    : ['This person is no member: what was written since is not read.']),
  ...hubsBehind(hubs),
  ...keysMissing(engine, replica),
]

const hubsBehind = (hubs: readonly InspectedHub[]): string[] => {
  if (hubs.length === 0) return ['No hub is set: only what was written or imported here is here.']
  return hubs.flatMap(({ url, state, problem, space, refused }) => {
    const lines: string[] = []
    if (state !== 'connected') lines.push(`${url} is not connected${problem ? `: ${problem.message}` : '.'}`)
    else if (space && !space.caughtUp) lines.push(`${url} has not been read to its end yet.`)
    const count = Object.values(refused).reduce((sum, one) => sum + one, 0)
    if (count > 0)
      lines.push(`${count} entries or requests were refused at ${url}: ${Object.keys(refused).join(', ')}.`)
    return lines
  })
}

const keysMissing = (engine: Engine, replica: Replica): string[] => {
  const people = createAcquaintance(engine, replica)
  const readable = replica.epochs().filter(({ keys }) => keys.content !== undefined)
  return replica.membership.epochs().flatMap(({ hash }) => {
    if (readable.some((epoch) => equalBytes(epoch.hash, hash))) return []
    const starter = replica.membership.authorOf(hash)?.person
    const maker = nameOf(starter && people.person(starter))
    return [
      `This device has no keys ${toShort(hash)}, made by ${maker}: what was written under them cannot be read here.`,
    ]
  })
}
