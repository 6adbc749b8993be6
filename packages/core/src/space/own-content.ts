import { KithError } from '../bytes/index.ts'
import {
  type Change,
  createChange,
  createOpIds,
  type DataBody,
  encodeDataBody,
  type Op,
  opToCount,
  type Time,
} from '../change/index.ts'
import { type Content, judgeByAll, type SpaceEntry } from '../database/index.ts'
import { bodyBytesMax, depsHeadsMax } from '../limits/index.ts'
import type { Membership } from '../membership/index.ts'
import { rankNumbers } from '../schema/index.ts'
import { createDataHeaders } from './data-header.ts'
import type { Engine } from './engine.ts'
import type { Ours, UsableRecord } from './ours.ts'
import { createReissue } from './reissue.ts'
import { notMember } from './roles.ts'

/** The content changes that this device writes in a space. */
export type OwnContent = {
  /** Begins a change of ours: its time and salt settle the ids of its rows. */
  readonly begin: () => PendingChange
  /** Judges and applies a change of ours. @throws KithError `not-allowed`, `bad-value`, `too-large`. */
  readonly write: (pending: PendingChange, ops: readonly Op[]) => Change
  /** Gives effect to a change that was held back, by our right. @throws KithError `not-allowed`. */
  readonly reissue: (target: Change) => Change
  /** Grows with each change of ours, so that an async transaction can tell whether it was alone. */
  readonly writes: () => number
}

export type PendingChange = {
  readonly time: Time
  readonly salt: Uint8Array
  readonly opId: (index: number) => Uint8Array
}

export type OwnContentInput = {
  readonly engine: Engine
  readonly space: SpaceEntry
  readonly membership: Membership
  readonly content: Content
  readonly origin: Parameters<typeof judgeByAll>[2]['origin']
  readonly ours: () => Ours
  /** The record that changes are made under now. @throws KithError `not-found` before one has come. */
  readonly record: () => UsableRecord
  /** There are keys of the space here, whoever may use them. */
  readonly hasKeys: () => boolean
  readonly startEpoch: () => void
  readonly mergeHeads: () => void
  readonly tell: (touched: ReadonlySet<string>) => void
}

export const createOwnContent = (input: OwnContentInput): OwnContent => {
  const { engine, space, membership, content, origin, ours, record, hasKeys, startEpoch, mergeHeads, tell } = input
  const { unit, person, clock, whole } = engine
  const { crypto } = engine.platform
  const { registry, history, records, frontier } = engine.store()
  const own = person.device.signing.publicKey
  let writes = 0

  const headers = createDataHeaders({
    registry,
    history,
    frontier,
    space,
    device: own,
    admission: person.admission,
    facts: () => {
      const { me, heads, epoch } = ours()
      return { me, heads, epoch: epoch?.hash, schema: record().hash }
    },
  })

  /** What a change of ours can be made under: heads that one change can name, and an epoch. */
  const prepare = (): void => {
    if (!ours().me) throw notMember(membership, own, hasKeys())
    if (ours().heads.length > depsHeadsMax) {
      unit.enter()
      mergeHeads()
    }
    // Whoever could wait for another's epoch has done so before (`upkeep.ts`); a write never fails for want of one.
    const mayStart = ours().me?.rank !== 'reader' && membership.isRotationOwed()
    if (!ours().epoch && mayStart) startEpoch()
  }

  const write: OwnContent['write'] = (pending, ops) => {
    prepare()
    const header = headers.next(pending.time)
    const author = membership.judgeAuthor(header)
    if (author.status !== 'allowed') {
      throw new KithError(
        'not-allowed',
        author.status === 'heldBack'
          ? author.message
          : 'The space has rules that this version does not know. Update this program.',
      )
    }
    const { compiled } = record()
    const body = opsToBody(pending.salt, ops)
    const verdict = judgeByAll(author.schemas, records, {
      crypto,
      record: compiled,
      space: space.id,
      body,
      opId: pending.opId,
      isOwn: true,
      origin,
      author: { rank: rankNumbers[author.rank], role: author.role, address: author.address },
    })
    if (verdict.state === 'held back')
      throw new KithError(verdict.code === 'bad-value' ? 'bad-value' : 'not-allowed', verdict.reason)
    if (verdict.state === 'waiting') throw new KithError('not-found', verdict.reason)
    const bytes = encodeDataBody(pending.salt, ops)
    if (bytes.length > bodyBytesMax) {
      throw new KithError('too-large', `One change holds at most ${bodyBytesMax} bytes. Use several transactions.`, {
        bytes: bytes.length,
        bodyBytesMax,
      })
    }
    unit.enter()
    const change = createChange(crypto, header, bytes)
    const touched = whole(() =>
      content.applyOwn(
        { number: headers.append(change), change },
        { record: compiled, body, opId: pending.opId, address: author.address },
      ),
    )
    writes += 1
    engine.touchSpace(space.n, pending.time.ms)
    engine.notifier.touch(space.n, touched.size > 0 ? touched : [''])
    return change
  }

  return {
    begin: () => {
      const time = clock.nextForContent()
      const salt = crypto.randomBytes(16)
      return { time, salt, opId: createOpIds(crypto, { space: space.id, device: own, salt, time }) }
    },
    write,
    reissue: (target) => {
      const change = createReissue(crypto, content, headers.next(clock.nextForContent()), target, clock.nowMs())
      unit.enter()
      const touched = whole(() => content.takeOwn({ number: headers.append(change), change }, clock.nowMs()))
      writes += 1
      engine.touchSpace(space.n, change.header.time.ms)
      tell(touched)
      return change
    },
    writes: () => writes,
  }
}

const opsToBody = (salt: Uint8Array, ops: readonly Op[]): DataBody => {
  const starts: number[] = []
  let count = 0
  for (const op of ops) {
    starts.push(count)
    count += opToCount(op)
  }
  return { salt, ops, starts, count }
}
