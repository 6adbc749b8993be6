import { equalBytes, toHex } from '../../bytes/index.ts'
import { kinds } from '../../change/index.ts'
import { decodeBroken, type Epoch } from '../../membership/index.ts'
import { type Acquaintance, createAcquaintance } from '../acquaintance.ts'
import type { Engine } from '../engine.ts'
import { isHeld } from '../epochs.ts'
import { createReadership } from '../readership.ts'
import type { Replica } from '../replica.ts'
import type { InspectedEpoch } from './api.ts'
import { nameOf, toShort } from './words.ts'

export const inspectEpochs = (engine: Engine, replica: Replica): InspectedEpoch[] => {
  const people = createAcquaintance(engine, replica)
  const readership = createReadership(engine, replica, people)
  const inUse = replica.epochInUse()?.hash
  return replica.membership
    .epochs()
    .map((epoch) => {
      const { keys, readers, openLinks, isPublic } = readership.of(epoch.hash)
      return {
        epoch: toHex(epoch.hash),
        startedBy: keys?.startedBy ?? { address: '', name: '' },
        at: keys?.at ?? new Date(0),
        isInUse: inUse !== undefined && equalBytes(inUse, epoch.hash),
        isClean: epoch.isClean,
        whyNotClean: epoch.isClean ? [] : whyNotClean(replica, people, epoch),
        weCan: weCan(replica, epoch.hash),
        readers,
        openLinks,
        isPublic,
      }
    })
    .sort((left, right) => right.at.getTime() - left.at.getTime())
}

const weCan = (replica: Replica, hash: Uint8Array): InspectedEpoch['weCan'] => {
  const ours = replica.epochs().filter((epoch) => equalBytes(epoch.hash, hash))
  if (ours.some((epoch) => isHeld(epoch) && epoch.secrets.write !== undefined)) return 'write'
  if (ours.some(({ keys }) => keys.content !== undefined)) return 'read'
  return ours.length > 0 ? 'read membership' : 'nothing'
}

const whyNotClean = (replica: Replica, people: Acquaintance, epoch: Epoch): string[] => {
  const { membership } = replica
  const newer = membership.epochs().filter(({ supersedes }) => supersedes.some((one) => equalBytes(one, epoch.hash)))
  const superseded = newer.map(({ hash }) => `Newer keys took its place: ${toShort(hash)}.`)
  const broken = epoch.isBroken
    ? [`It is broken: ${brokenBy(replica, people, epoch).join(', ')} could not open it.`]
    : []
  const notDue = membership.notDue(epoch.hash).map(({ id, why }) => {
    const person = people.person(id)
    const who = person ? nameOf(person) : 'a link or device'
    if (why === 'out') return `It is sealed to ${who}, ${person ? 'who is out' : 'which has ended'}.`
    if (why === 'level') return `It gives ${who} more than is due to the rank.`
    return `It is sealed to an old key of ${who}, which a revoked device may have.`
  })
  return [...superseded, ...broken, ...notDue]
}

const brokenBy = ({ changes, membership }: Replica, people: Acquaintance, { hash }: Epoch): string[] =>
  changes().flatMap((change) => {
    const { header, body } = change
    if (header.kind !== kinds.broken || !body || membership.verdictOf(change.hash) !== 'applied') return []
    if (!equalBytes(decodeBroken(body).epoch, hash)) return []
    const person = people.personOfDevice(header.device)
    return [nameOf(person && people.person(person))]
  })
