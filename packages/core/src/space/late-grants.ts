import { equalBytes, toHex } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { decodeGrant, decodeJoin, decodeRemoval, type Member } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import { personDevices } from './heads.ts'
import { outranks } from './invite-ends.ts'
import { pastOf } from './past.ts'
import { endRights } from './removal.ts'
import type { Replica } from './replica.ts'

/** A grant to somebody whom we removed, by a member who did not know of that yet. */
export type LateGrant = {
  readonly member: Member
  readonly grants: readonly Uint8Array[]
  /** False: the rank is ours or higher, so somebody else has to decide. */
  readonly isOurs: boolean
}

/**
 * Grants that turned up after our person removed somebody and that know nothing of the removal (membership rule 3). All of it
 * follows from history, so that any device of ours, at any later time, sees the same. One given knowingly, after the removal, is none.
 */
export const findLateGrants = (engine: Engine, replica: Replica): LateGrant[] => {
  const me = replica.me()
  if (!me) return []
  const changes = replica.changes()
  if (!changes.some(({ header }) => header.kind === kinds.removal)) return []
  const byHash = new Map(changes.map((change) => [toHex(change.hash), change]))
  const removals = changes.flatMap((change) => {
    const persons = isOurRemoval(engine, replica, change) ? removedBy(change, byHash) : []
    return persons.length === 0 ? [] : [{ hash: change.hash, persons: new Set(persons.map(toHex)) }]
  })
  if (removals.length === 0) return []
  return replica.membership.members().flatMap((member) => {
    if (equalBytes(member.person, me.person)) return []
    const ended = removals.filter(({ persons }) => persons.has(toHex(member.person)))
    if (ended.length === 0) return []
    const grants = member.grants.filter((grant) => {
      // A demotion's lower grant is that removal itself.
      const known = pastOf(grant, byHash)
      return ended.every(({ hash }) => !known.has(toHex(hash)) && !equalBytes(hash, grant))
    })
    return grants.length === 0 ? [] : [{ member, grants, isOurs: outranks(me.rank, member.rank) }]
  })
}

/** Ends those that our rank may end. */
export const removeLateGrants = (engine: Engine, replica: Replica): void => {
  engine.unit.commit()
  for (const { member, grants, isOurs } of findLateGrants(engine, replica)) {
    if (!isOurs) continue
    const { invites } = replica.membership.rightsOf(member.person)
    endRights(engine, replica, { grants, invites, devices: personDevices(replica, member.person) })
  }
}

const isOurRemoval = (engine: Engine, replica: Replica, { hash, header }: Change): boolean =>
  header.kind === kinds.removal &&
  equalBytes(header.space, replica.entry.id) &&
  equalBytes(replica.membership.authorOf(hash)?.person ?? header.space, engine.person.person) &&
  replica.membership.verdictOf(hash) === 'applied'

/** A demotion is no removal: what else its target is given is its target's. */
const removedBy = ({ body }: Change, byHash: ReadonlyMap<string, Change>): Uint8Array[] => {
  const removal = body && decodeRemoval(body)
  if (removal === undefined || removal.replacement !== undefined) return []
  return removal.grants.flatMap((grant) => granteeOf(byHash.get(toHex(grant))) ?? [])
}

const granteeOf = (grant: Change | undefined): Uint8Array | undefined => {
  if (grant?.body === undefined) return undefined
  if (grant.header.kind === kinds.join) return decodeJoin(grant.body).person
  if (grant.header.kind === kinds.removal) return decodeRemoval(grant.body).replacement?.person
  if (grant.header.kind !== kinds.grant) return undefined
  const body = decodeGrant(grant.body)
  return body.type === 'person' ? body.person : undefined
}
