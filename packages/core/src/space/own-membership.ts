import { KithError } from '../bytes/index.ts'
import { type Change, createChange, kinds, noBytes } from '../change/index.ts'
import type { SpaceEntry } from '../database/index.ts'
import { cutHeadsMax, depsHeadsMax } from '../limits/index.ts'
import { encodeMerge, type Membership } from '../membership/index.ts'
import type { Engine } from './engine.ts'
import type { MembershipLog } from './membership-log.ts'
import type { Ours } from './ours.ts'

/** The membership changes that this device writes in a space. */
export type OwnMembership = {
  /** @throws KithError `not-allowed` where the rules of the space refuse it; nothing of its transaction is kept then. */
  readonly write: (kind: number, body: Uint8Array, how?: MembershipWriting) => Change
  /** The change that `write` would write now. @throws KithError `not-allowed`. */
  readonly draft: (kind: number, body: Uint8Array, how?: MembershipWriting) => Change
  /** Joins heads until one change can name them all (membership rule 6). Within the open transaction. */
  readonly mergeHeads: () => void
}

export type MembershipWriting = {
  /** Content heads that it names: what its author has seen, which no removal of him may void (membership rule 4). */
  readonly content?: readonly Uint8Array[]
  /** In one transaction with the membership change before: all of them or none. */
  readonly joinsLast?: boolean
}

export type OwnMembershipInput = {
  readonly engine: Engine
  readonly space: SpaceEntry
  readonly membership: Membership
  readonly log: MembershipLog
  readonly ours: () => Ours
}

export const createOwnMembership = ({ engine, space, membership, log, ours }: OwnMembershipInput): OwnMembership => {
  const { unit, person, clock, whole } = engine
  const { crypto } = engine.platform
  const store = engine.store()
  const { registry, history } = store
  const own = person.device.signing.publicKey

  const draft: OwnMembership['draft'] = (kind, body, { content = [] } = {}) => {
    const { me, heads } = ours()
    if (!me) throw new KithError('not-allowed', 'Only members can do this.')
    const chain = registry.chainOf(space.n, own, 0)
    const head = history.ownHead(chain)
    return createChange(
      crypto,
      {
        kind,
        space: space.id,
        device: own,
        seq: head ? head.seq + 1 : 0,
        prev: head?.hash ?? noBytes,
        // More than one change can name are what this one merges, in its body.
        deps: { membership: heads.length > depsHeadsMax ? [] : heads, content },
        grant: me.grant,
        admission: person.admission,
        epoch: noBytes,
        schema: noBytes,
        time: clock.next(),
      },
      body,
    )
  }

  /** Takes a change that was just made; what the rules refuse undoes the transaction. */
  const append = (change: Change): Change => {
    let came: readonly Uint8Array[] = []
    whole(() => {
      history.append(registry.chainOf(space.n, own, 0), change)
      came = log.add([change])
      if (space.n === engine.personSpace) engine.personCame(space.n, [change], space.n)
      checkApplied(membership, change.hash)
    })
    whole(() => log.settled(came))
    engine.notifier.touch(space.n, [''])
    return change
  }

  const mergeHeads = (): void => {
    while (ours().heads.length > depsHeadsMax) {
      const heads = ours().heads.slice(0, cutHeadsMax)
      append(draft(kinds.merge, encodeMerge({ salt: crypto.randomBytes(16), heads })))
    }
  }

  return {
    write: (kind, body, how = {}) => {
      if (!ours().me) throw new KithError('not-allowed', 'Only members can do this.')
      // A transaction of its own: if the rules refuse it, nobody else's writes are undone with it.
      if (!how.joinsLast) unit.commit()
      if (engine.store() !== store)
        throw new KithError('storage-unavailable', 'What was written just before could not be stored. Try again.')
      unit.enter()
      mergeHeads()
      return append(draft(kind, body, how))
    },
    draft,
    mergeHeads,
  }
}

/** @throws KithError `not-allowed` with the reason where the rules refuse a change of ours. */
export const checkApplied = (membership: Membership, hash: Uint8Array): void => {
  const verdict = membership.verdictOf(hash)
  if (verdict === 'applied') return
  const reason = typeof verdict === 'object' ? verdict.message : 'The rules of the space do not let you do this.'
  throw new KithError('not-allowed', reason)
}
