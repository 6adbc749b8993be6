import { equalBytes, KithError } from '../bytes/index.ts'
import { type Change, type Header, kinds, noBytes, type Time } from '../change/index.ts'
import type { SpaceEntry, Store } from '../database/index.ts'
import type { Member } from '../membership/index.ts'

/**
 * The headers of this device's content changes in one space: each follows the last that this database wrote. What came of our own chain from elsewhere
 * (a restored backup, a cloned disk, somebody who has our key) is a branch beside it.
 */
export type DataHeaders = {
  /** @throws KithError `not-allowed` for who is no member, `cannot-open` without keys, `not-found` without a schema record. */
  readonly next: (time: Time) => Header
  /** Takes the change into history. Returns its number. */
  readonly append: (change: Change) => number
}

export type DataHeadersInput = Pick<Store, 'registry' | 'history' | 'frontier'> & {
  readonly space: SpaceEntry
  readonly device: Uint8Array
  readonly admission: Uint8Array
  /** What changes with membership only; `heads` keeps its identity until then. */
  readonly facts: () => {
    readonly me: Member | undefined
    readonly heads: readonly Uint8Array[]
    readonly epoch: Uint8Array | undefined
    readonly schema: Uint8Array
  }
}

export const createDataHeaders = (input: DataHeadersInput): DataHeaders => {
  const { registry, history, frontier, space, device, admission, facts } = input
  let shared: Pick<Header, 'deps' | 'grant' | 'epoch' | 'schema'> | undefined

  return {
    next: (time) => {
      const { me, heads, epoch, schema } = facts()
      if (!me) throw new KithError('not-allowed', 'You are not a member of this space.')
      if (!epoch)
        throw new KithError('cannot-open', 'The keys of this space are not here. Ask a member to open the app.')
      const head = history.ownHead(registry.chainOf(space.n, device, 1))
      const others = frontier.heads(space.n).filter((hash) => !head || !equalBytes(hash, head.hash))
      // Fields keep their identity from change to change as long as they are equal: then they are judged once.
      const isSame =
        shared &&
        others.length === 0 &&
        shared.deps.content.length === 0 &&
        equalBytes(shared.epoch, epoch) &&
        equalBytes(shared.schema, schema) &&
        equalBytes(shared.grant, me.grant) &&
        heads === shared.deps.membership
      if (!shared || !isSame) shared = { deps: { membership: heads, content: others }, grant: me.grant, epoch, schema }
      const { deps, grant } = shared
      return {
        kind: kinds.data,
        space: space.id,
        device,
        seq: head ? head.seq + 1 : 0,
        prev: head?.hash ?? noBytes,
        deps,
        grant,
        admission,
        epoch: shared.epoch,
        schema: shared.schema,
        time,
      }
    },
    append: (change) => history.append(registry.chainOf(space.n, device, 1), change),
  }
}
