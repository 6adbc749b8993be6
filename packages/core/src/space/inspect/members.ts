import { equalBytes, toBase32, toHex } from '../../bytes/index.ts'
import { type Change, kinds } from '../../change/index.ts'
import { decodeGenesis, decodeGrant, decodeJoin, decodeRemoval } from '../../membership/index.ts'
import { createAcquaintance, type Named } from '../acquaintance.ts'
import type { Engine } from '../engine.ts'
import type { Replica } from '../replica.ts'
import { createRights } from '../rights.ts'
import type { InspectedGrant, InspectedMember } from './api.ts'

export const inspectMembers = (engine: Engine, replica: Replica): InspectedMember[] => {
  const { membership, entry } = replica
  if (entry.kind === 'person') return [inspectOurselves(engine, replica)]
  const people = createAcquaintance(engine, replica)
  const rights = createRights(replica, people)
  const inForce = replica
    .changes()
    .filter(({ hash, header }) => isOfSpace(replica, header.space, hash) && membership.verdictOf(hash) === 'applied')
  const ended = findEnded(replica, inForce)
  const given = Map.groupBy(
    inForce.flatMap((change) => {
      const person = toGranted(change)
      return person ? [{ person, change }] : []
    }),
    ({ person }) => toHex(person),
  )
  return [...given.values()]
    .map((grants): InspectedMember => {
      const { person } = grants[0] as (typeof grants)[number]
      const member = membership.member(person)
      const live = new Set(member?.grants.map(toHex))
      const toGrant = ({ hash }: Change): InspectedGrant[] => {
        const right = rights.of(hash)
        const end = ended.get(toHex(hash))
        const by = end && { by: toNamed(people, end.by), at: end.at }
        return right ? [{ ...right, change: toHex(hash), isLive: live.has(toHex(hash)), ended: by }] : []
      }
      const all = grants
        .flatMap(({ change }) => toGrant(change))
        .sort((left, right) => right.at.getTime() - left.at.getTime())
      return {
        ...toNamed(people, person),
        isUs: equalBytes(person, engine.person.person),
        rank: member?.rank === 'recovery' ? undefined : member?.rank,
        role: member?.role ?? all[0]?.role ?? '',
        devices: membership.devices(person).map(({ device }) => toHex(device)),
        grants: all,
      }
    })
    .sort((left, right) => Number(right.rank !== undefined) - Number(left.rank !== undefined))
}

/** In one's own space there are devices instead of members. */
const inspectOurselves = (engine: Engine, { membership, entry }: Replica): InspectedMember => ({
  address: toBase32(engine.person.address),
  name: engine.store().labels.read(entry.n, engine.person.address)?.text ?? '',
  isUs: true,
  rank: 'owner',
  role: 'owner',
  devices: membership.devices(engine.person.person).map(({ device }) => toHex(device)),
  grants: [],
})

const toNamed = (people: ReturnType<typeof createAcquaintance>, person: Uint8Array | undefined): Named =>
  (person && people.person(person)) ?? { address: '', name: '' }

const isOfSpace = ({ entry }: Replica, space: Uint8Array, hash: Uint8Array): boolean =>
  equalBytes(space, entry.id) || equalBytes(hash, entry.id)

/** Whom a change makes a member. */
const toGranted = ({ header, body }: Change): Uint8Array | undefined => {
  if (!body) return undefined
  switch (header.kind) {
    case kinds.genesis: {
      const genesis = decodeGenesis(body)
      return genesis.type === 'space' ? genesis.person : undefined
    }
    case kinds.grant: {
      const grant = decodeGrant(body)
      return grant.type === 'person' ? grant.person : undefined
    }
    case kinds.join:
      return decodeJoin(body).person
    case kinds.removal:
      return decodeRemoval(body).replacement?.person
    default:
      return undefined
  }
}

/** The removals that ended grants, by the grant in hexadecimal. */
const findEnded = ({ membership }: Replica, inForce: readonly Change[]) => {
  const ended = new Map<string, { readonly by: Uint8Array | undefined; readonly at: Date }>()
  for (const { hash, header, body } of inForce) {
    if (header.kind !== kinds.removal || !body) continue
    const by = membership.authorOf(hash)?.person
    for (const grant of decodeRemoval(body).grants) ended.set(toHex(grant), { by, at: new Date(header.time.ms) })
  }
  return ended
}
