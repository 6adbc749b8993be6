import { toHex } from '../bytes/index.ts'
import { type Change, kinds } from '../change/index.ts'
import { decodeGrant } from '../membership/index.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { Explanation } from './api.ts'
import type { Replica } from './replica.ts'

/** Where the rights in a space came from, by the changes that gave them. */
export type Rights = { readonly of: (grant: Uint8Array) => Explanation['right'] }

export const createRights = (replica: Replica, people: Acquaintance): Rights => {
  const changes = new Map(replica.changes().map((change) => [toHex(change.hash), change]))

  const toRole = (grant: Change): string => {
    if (grant.header.kind === kinds.genesis) return 'owner'
    const invite = changes.get(toHex(grant.header.grant))
    const body = grant.header.kind === kinds.join ? invite?.body : grant.body
    if (!body || grant.header.kind === kinds.removal) return replica.membership.authorOf(grant.hash)?.role ?? ''
    return decodeGrant(body).role
  }

  return {
    of: (hash) => {
      const grant = changes.get(toHex(hash))
      if (!grant) return undefined
      const { kind } = grant.header
      const source =
        kind === kinds.genesis
          ? 'founder'
          : kind === kinds.join
            ? 'link'
            : kind === kinds.removal
              ? 'demotion'
              : 'grant'
      // A join is its own author's: what counts is who made the link.
      const given = kind === kinds.join ? grant.header.grant : hash
      const giver = replica.membership.authorOf(given)?.person
      return {
        source,
        role: toRole(grant),
        at: new Date(grant.header.time.ms),
        by: (kind === kinds.genesis ? undefined : giver && people.person(giver)) ?? undefined,
      }
    },
  }
}
