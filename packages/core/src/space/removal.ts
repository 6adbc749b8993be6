import { KithError } from '../bytes/index.ts'
import { type Change, kinds, sortHeads } from '../change/index.ts'
import { cutHeadsMax } from '../limits/index.ts'
import { encodeRemoval, isRankAtLeast, type RemovalBody } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import { chainHeads } from './heads.ts'
import type { Replica } from './replica.ts'
import { startEpoch } from './rotation.ts'

/** What a removal ends, and what it accepts of those who lose it. */
export type Ending = {
  readonly grants: readonly Uint8Array[]
  readonly invites: readonly Uint8Array[]
  /** Their devices: all that is here of theirs is accepted, unless `cut` says otherwise. */
  readonly devices: readonly Uint8Array[]
  readonly cut?: readonly Uint8Array[]
  readonly replacement?: RemovalBody['replacement']
}

/**
 * One removal, and the new epoch that it makes necessary, in one transaction: all of it or nothing. It names what this device has
 * seen of content, so that no later removal of ours can void that (membership rule 4).
 *
 * @throws KithError `not-allowed`, `too-large`.
 */
export const endRights = (engine: Engine, replica: Replica, ending: Ending, joinsLast = false): Change =>
  engine.whole(() => {
    if (!joinsLast) engine.unit.commit()
    const body = encodeEnding(engine, replica, ending)
    const removal = replica.writeMembership(kinds.removal, body, { ...seen(engine, replica), joinsLast: true })
    // Whoever has left cannot start one: those who stay do, when they write.
    const me = replica.me()
    if (me && isRankAtLeast(me.rank, 'writer') && replica.membership.isRotationOwed())
      startEpoch(engine, replica, { joinsLast: true })
    return removal
  })

/** The body of a removal: the cut lists the heads accepted, and the joins that stand of each invite that ends (rule 20). */
export const encodeEnding = (engine: Engine, replica: Replica, ending: Ending): Uint8Array => {
  const { membership } = replica
  const cut = sortHeads([
    ...(ending.cut ?? chainHeads(engine, replica, ending.devices)),
    ...ending.invites.flatMap((invite) => membership.joinsOf(invite)),
  ])
  const grants = sortHeads([...ending.grants, ...ending.invites])
  if (cut.length > cutHeadsMax || grants.length > cutHeadsMax) {
    throw new KithError('too-large', `One removal accepts at most ${cutHeadsMax} heads and joins.`, {
      heads: cut.length,
      grants: grants.length,
    })
  }
  const salt = engine.platform.crypto.randomBytes(16)
  return encodeRemoval({ salt, grants, cut, replacement: ending.replacement })
}

/** What a removal names as seen: the content that no known change follows. */
export const seen = (engine: Engine, replica: Replica): { content: readonly Uint8Array[] } => ({
  content: engine.store().frontier.heads(replica.entry.n),
})
