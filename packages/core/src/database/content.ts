import { KithError } from '../bytes/index.ts'
import {
  type Change,
  createOpIds,
  type DataBody,
  decodeDataBody,
  isTimeAhead,
  kinds,
  type Time,
} from '../change/index.ts'
import { clockAheadMsMax } from '../limits/index.ts'
import type { AuthorJudgement, Membership } from '../membership/index.ts'
import type { Hashing } from '../ports/index.ts'
import { rankNumbers } from '../schema/index.ts'
import { type CompiledRecord, withRulesOf } from './compiled.ts'
import type { NumberedChange } from './history.ts'
import { type JudgeInput, judgeOps, type Verdict } from './judge.ts'
import type { Records } from './records.ts'
import { clearSpace, contentChanges } from './rebuild.ts'
import type { SpaceEntry } from './registry.ts'
import type { Store } from './store.ts'
import { createWaiting, type Wait } from './waiting.ts'

/**
 * What becomes of the content changes of one space: each is applied, waits, or is held back with a reason. All changes
 * here are verified and in history already. What is returned are the ids of the tables touched.
 */
export type Content = {
  /** Takes changes in any order, each once. */
  readonly take: (changes: Iterable<NumberedChange>, nowMs: number) => Set<string>
  /** Judges again what waited for membership changes that are here, with all that they rest on, only now. */
  readonly membershipCame: (hashes: Iterable<Uint8Array>, nowMs: number) => Set<string>
  /** Judges again what waited for our clock. */
  readonly retry: (nowMs: number) => Set<string>
  /** A chain has branched or was filled up (see `Texts.branched`). Call after `take`. */
  readonly branched: (chain: number) => void
  /** Applies a change of this device, which it has judged itself (`judgeByAll`). */
  readonly applyOwn: (change: NumberedChange, input: OwnInput) => Set<string>
  /** Milliseconds at which the first change that waits for our clock is due. */
  readonly nextDue: () => number | undefined
  /** Makes everything that the space shows anew from its segments. */
  readonly rebuild: (nowMs: number) => Set<string>
}

type Allowed = Extract<AuthorJudgement, { status: 'allowed' }>
type OpIds = (index: number) => Uint8Array
type PublishedRecord = Allowed['schema']

export type OwnInput = {
  readonly record: CompiledRecord
  readonly body: DataBody
  readonly opId: OpIds
  readonly address: Uint8Array
}

export type ContentInput = {
  readonly store: Store
  readonly space: SpaceEntry
  readonly crypto: Hashing
  readonly membership: Membership
  readonly origin: JudgeInput['origin']
  /** A change has left the wait for our clock: the clock may follow it now. */
  readonly observe: (time: Time) => void
}

/** The verdict by all records that count for a change: of records published side by side, the stricter one. */
export const judgeByAll = (
  schemas: readonly PublishedRecord[],
  records: Records,
  input: JudgeInput & { readonly record: CompiledRecord },
): Verdict => {
  // What is wrong with the change itself comes before what rows say, or it would hang on which rows are here.
  const isItsOwn = (verdict: Verdict): boolean => verdict.state === 'held back' && !verdict.byRow
  let verdict = judgeOps(input)
  for (const { hash, record } of schemas) {
    if (isItsOwn(verdict)) return verdict
    const ruling = records.get(hash, record, input.record.app)
    // What is no record allows nothing.
    if (!ruling) return { state: 'held back', code: 'rule', reason: 'A schema that it has to follow is not usable.' }
    if (ruling.record === input.record.record) continue
    const other = judgeOps({ ...input, record: withRulesOf(input.record, ruling) })
    if (verdict.state === 'applied' || isItsOwn(other)) verdict = other
  }
  return verdict
}

export const createContent = ({ store, space, crypto, membership, origin, observe }: ContentInput): Content => {
  const { statements, merge, frontier, records, history, registry, rows, texts, twins } = store
  const waiting = createWaiting(statements, space.n)

  const wait = (number: number, what: Wait): void => waiting.add(number, what)
  const hold = (number: number, code: string, reason: string): void =>
    statements('INSERT OR REPLACE INTO held (change, space, code, reason) VALUES (?, ?, ?, ?)').run(
      number,
      space.n,
      code,
      reason,
    )
  const recordOf = ({ hash, record }: PublishedRecord): CompiledRecord | undefined =>
    records.get(hash, record, membership.app() ?? '')
  const idsOf = (change: Change, body: DataBody): OpIds => {
    const { device, time } = change.header
    return createOpIds(crypto, { space: space.id, device, salt: body.salt, time })
  }

  const takeOne = ({ number, change }: NumberedChange, nowMs: number, touched: Set<string>): void => {
    const { header } = change
    if (isTimeAhead(header.time, nowMs))
      return wait(number, { due: header.time.ms, reason: 'Its time is ahead of our clock.' })
    const author = membership.judgeAuthor(header)
    if (author.status === 'waiting')
      return wait(number, { need: author.missing[0], reason: 'It rests on changes that are not here yet.' })
    if (!change.body) return wait(number, { need: change.hash, reason: 'Its content is not here.' })
    if (author.status === 'heldBack') {
      hold(number, author.code, author.message)
      return takeVoid({ number, change }, touched)
    }
    if (header.kind !== kinds.data)
      return hold(number, 'unknown-kind', 'A newer version of Kith wrote it. Update to see it.')
    const body = tryDecode(change.body)
    if (!body) return hold(number, 'bad-encoding', 'Its content is malformed.')
    const opId = idsOf(change, body)
    const record = recordOf(author.schema)
    if (!record) return hold(number, 'bad-schema', 'The schema that it was made under is not usable.')
    const judged = judgeByAll(author.schemas, records, {
      crypto,
      record,
      space: space.id,
      body,
      opId,
      origin,
      author: { rank: rankNumbers[author.rank], role: author.role, address: author.address },
    })
    const merged = { space, record, change, number, body, opId, address: author.address }
    const mayTakeEffect = judged.state !== 'held back' || judged.byRow === true
    const verdict = mayTakeEffect && twins.isTwin(merged) ? twinVerdict : judged
    if (verdict.state === 'applied') for (const table of merge.apply(merged)) touched.add(table)
    else {
      if (mayTakeEffect) twins.claim(merged)
      if (verdict.state === 'waiting') {
        rows.expect({ space: space.n, app: record.app, table: verdict.table }, verdict.need)
        return wait(number, { need: verdict.need, reason: verdict.reason })
      }
      hold(number, verdict.code, verdict.reason)
      for (const table of merge.applyVoid(merged)) touched.add(table)
    }
  }

  /** Whoever lost the right to write may still have typed next to others: their words go, the others' stay. */
  const takeVoid = ({ number, change }: NumberedChange, touched: Set<string>): void => {
    const schema = membership.schema(change.header.schema)
    const record = schema && recordOf(schema)
    const body = change.body && change.header.kind === kinds.data ? tryDecode(change.body) : undefined
    if (!record || !body) return
    const opId = idsOf(change, body)
    for (const table of merge.applyVoid({ space, record, change, number, body, opId, address: new Uint8Array(48) }))
      touched.add(table)
  }

  const takeAgain = (numbers: readonly number[], nowMs: number, touched: Set<string>): void => {
    for (const number of numbers) takeOne({ number, change: history.change(number) }, nowMs, touched)
  }

  /** Each row that came may free changes that waited for it, and these may bring further rows. */
  const wakeByRows = (nowMs: number, touched: Set<string>): void => {
    for (let arrived = rows.takeArrived(); arrived.length > 0; arrived = rows.takeArrived()) {
      for (const { id } of arrived) takeAgain(waiting.takeByNeed(id), nowMs, touched)
    }
  }

  const finish = (nowMs: number, touched: Set<string>): Set<string> => {
    wakeByRows(nowMs, touched)
    // Ends: each time there are more twins, and history does not grow meanwhile.
    while (twins.takeFound(space.n)) makeAnew(nowMs, touched)
    merge.settle()
    return touched
  }

  const makeAnew = (nowMs: number, touched: Set<string>): void => {
    merge.settle()
    const rebuildTexts = texts.rebuild(space.n)
    clearSpace(statements, space)
    waiting.cleared()
    twins.cleared(space.n)
    frontier.clear(space.n)
    for (const numbered of contentChanges(registry, history, space.n)) {
      takeOne(numbered, nowMs, touched)
      cover(numbered.change, false)
    }
    wakeByRows(nowMs, touched)
    rebuildTexts()
  }

  /** What only a newer version could judge: this may be one. Once is enough, for nothing that comes changes it. */
  let isStuckTried = false
  const tryStuck = (nowMs: number, touched: Set<string>): void => {
    if (isStuckTried) return
    isStuckTried = true
    takeAgain(waiting.takeStuck(), nowMs, touched)
  }

  const cover = (change: Change, isOwn: boolean): void =>
    frontier.add(space.n, change.hash, [change.header.prev, ...change.header.deps.content], isOwn)

  return {
    take: (changes, nowMs) => {
      const touched = new Set<string>()
      tryStuck(nowMs, touched)
      for (const numbered of changes) {
        // What waited for its body has it now, under another number.
        if (!waiting.isEmpty()) waiting.takeByNeed(numbered.change.hash)
        takeOne(numbered, nowMs, touched)
        cover(numbered.change, false)
      }
      return finish(nowMs, touched)
    },
    membershipCame: (hashes, nowMs) => {
      const touched = new Set<string>()
      if (waiting.isEmpty()) return touched
      for (const hash of hashes) takeAgain(waiting.takeByNeed(hash), nowMs, touched)
      return finish(nowMs, touched)
    },
    retry: (nowMs) => {
      const touched = new Set<string>()
      const due = waiting.takeDue(nowMs + clockAheadMsMax)
      for (const number of due) observe(history.change(number).header.time)
      takeAgain(due, nowMs, touched)
      tryStuck(nowMs, touched)
      return finish(nowMs, touched)
    },
    applyOwn: ({ number, change }, { record, body, opId, address }) => {
      cover(change, true)
      const touched = merge.apply({ space, record, change, number, body, opId, address })
      return finish(change.header.time.ms, touched)
    },
    branched: (chain) => texts.branched(space.n, chain),
    nextDue: waiting.nextDue,
    rebuild: (nowMs) => {
      const touched = new Set<string>()
      makeAnew(nowMs, touched)
      return finish(nowMs, touched)
    },
  }
}

const twinVerdict: Verdict = {
  state: 'held back',
  code: 'twin',
  reason: 'Another change of its author makes a row of the same id: neither counts.',
}

const tryDecode = (body: Uint8Array): DataBody | undefined => {
  try {
    return decodeDataBody(body)
  } catch (cause) {
    if (cause instanceof KithError) return undefined
    throw cause
  }
}
