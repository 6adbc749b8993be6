/** Invites: what an operator gives to somebody who shall be a member, and what the hub keeps of it. */
import { concatBytes, toBase64Url } from '@kith/core/bytes'
import { inviteCodeBytes, inviteCodeHash } from '@kith/core/wire'
import { nodeVerifying, random } from '../node-crypto.ts'
import type { AccessStore, MemberRow } from '../store/access-store.ts'
import { dayMs } from '../store/days.ts'

export type Invite = {
  readonly n: number
  /** The hub's key and the code, base64url: shown once, for the hub keeps a hash. */
  readonly secret: string
}

/** What an operator does with members, each of whom is a number here. */
export type Members = {
  readonly invite: () => Promise<Invite>
  readonly list: () => Promise<MemberRow[]>
  /** Takes an invite or a membership back; false if there is none of that number. */
  readonly remove: (n: number) => Promise<boolean>
}

export function createMembers(
  store: Pick<AccessStore, 'invite' | 'members' | 'remove'>,
  hubKey: Uint8Array,
  inviteDays: number,
  now: () => number,
): Members {
  return {
    async invite() {
      const code = random(inviteCodeBytes)
      const n = await store.invite(inviteCodeHash(nodeVerifying, code), now() + inviteDays * dayMs)
      return { n, secret: toBase64Url(concatBytes(hubKey, code)) }
    },
    list: () => store.members(),
    remove: (n) => store.remove(n),
  }
}
