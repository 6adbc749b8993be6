import { KithError } from '../bytes/index.ts'
import { type Change, createOpIds, type DataBody, decodeDataBody, isTimeAhead, kinds } from '../change/index.ts'
import type { AuthorJudgement, Membership } from '../membership/index.ts'
import type { Hashing } from '../ports/index.ts'
import { rankNumbers } from '../schema/index.ts'
import { type CompiledRecord, withRulesOf } from './compiled.ts'
import type { Frontier } from './frontier.ts'
import type { NumberedChange } from './history.ts'
import { type JudgeInput, judgeOps, type Verdict } from './judge.ts'
import type { Merge } from './merge.ts'
import type { Records } from './records.ts'
import type { Statements } from './statements.ts'

/**
 * What becomes of the content changes of one space: each is applied, waits, or is held back with a reason. All changes
 * here are verified and in history already.
 */
export type Content = {
  /** Takes changes in any order. Returns the ids of the tables touched. */
  readonly take: (changes: readonly NumberedChange[], nowMs: number) => Set<string>
  /** Judges again what waits. Call after new membership changes, and when a wait for the clock ends. */
  readonly retry: (nowMs: number) => Set<string>
  /** Applies a change of this device, which it has judged itself. */
  readonly applyOwn: (change: NumberedChange, input: OwnInput) => Set<string>
  /** Milliseconds at which the first change that waits for our clock is due. */
  readonly nextDue: () => number | undefined
}

export type OwnInput = {
  readonly record: CompiledRecord
  readonly body: DataBody
  readonly opId: (index: number) => Uint8Array
  readonly address: Uint8Array
}

export type ContentInput = {
  readonly space: { readonly n: number; readonly id: Uint8Array }
  readonly crypto: Hashing
  readonly statements: Statements
  readonly membership: Membership
  readonly merge: Merge
  readonly frontier: Frontier
  readonly records: Records
  readonly history: { readonly change: (number: number) => Change }
  readonly origin: JudgeInput['origin']
}

/**
 * The verdict by the record that a change names, and by every other that was published beside it: the stricter one counts,
 * whichever it is (membership rule 7).
 */
export const judgeByAll = (schemas: Allowed['schemas'], records: Records, input: JudgeInput): Verdict => {
  let verdict = judgeOps(input)
  for (const { hash, record } of schemas) {
    if (verdict.state !== 'applied') break
    const other = records.get(hash, record)
    if (other !== input.record) verdict = judgeOps({ ...input, record: withRulesOf(input.record, other) })
  }
  return verdict
}

type Allowed = Extract<AuthorJudgement, { status: 'allowed' }>

export const createContent = (input: ContentInput): Content => {
  const { space, crypto, statements, membership, merge, frontier, records, origin, history } = input
  let waiting = statements('SELECT count(*) AS n FROM waiting WHERE space = ?').get(space.n)?.n as number

  const wait = (number: number, need: Uint8Array | null, due: number | null, reason: string): void => {
    waiting += 1
    statements('INSERT OR REPLACE INTO waiting (change, space, need, due, reason) VALUES (?, ?, ?, ?, ?)').run(
      number,
      space.n,
      need,
      due,
      reason,
    )
  }
  const hold = (number: number, code: string, reason: string): void =>
    statements('INSERT OR REPLACE INTO held (change, space, code, reason) VALUES (?, ?, ?, ?)').run(
      number,
      space.n,
      code,
      reason,
    )

  const judge = (
    author: Allowed,
    body: DataBody,
    opId: (index: number) => Uint8Array,
  ): { verdict: Verdict; record: CompiledRecord } => {
    const record = records.get(author.schema.hash, author.schema.record)
    const actor = { rank: rankNumbers[author.rank], role: author.role, address: author.address }
    const input = { crypto, space: space.id, body, opId, origin, author: actor, record }
    return { verdict: judgeByAll(author.schemas, records, input), record }
  }

  const takeOne = ({ number, change }: NumberedChange, nowMs: number, touched: Set<string>): void => {
    const { header } = change
    if (isTimeAhead(header.time, nowMs)) return wait(number, null, header.time.ms, 'Its time is ahead of our clock.')
    const author = membership.judgeAuthor(header)
    if (author.status === 'waiting')
      return wait(number, author.missing[0] ?? null, null, 'It rests on changes that are not here yet.')
    if (!change.body) return wait(number, change.hash, null, 'Its content is not here.')
    if (author.status === 'heldBack') {
      hold(number, author.code, author.message)
      return takeVoid({ number, change }, touched)
    }
    if (header.kind !== kinds.data)
      return hold(number, 'unknown-kind', 'A newer version of Kith wrote it. Update to see it.')
    const body = tryDecode(change.body)
    if (!body) return hold(number, 'bad-encoding', 'Its content is malformed.')
    const opId = createOpIds(crypto, { space: space.id, device: header.device, salt: body.salt, time: header.time })
    const { verdict, record } = judge(author, body, opId)
    const merged = { space, record, change, number, body, opId, address: author.address }
    if (verdict.state === 'waiting') return wait(number, verdict.need, null, verdict.reason)
    if (verdict.state === 'applied') for (const table of merge.apply(merged)) touched.add(table)
    else {
      hold(number, verdict.code, verdict.reason)
      for (const table of merge.applyVoid(merged)) touched.add(table)
    }
  }

  /** Whoever lost the right to write may still have typed next to others: their words go, the others' stay. */
  const takeVoid = ({ number, change }: NumberedChange, touched: Set<string>): void => {
    const schema = membership.schema(change.header.schema)
    const body = change.body && change.header.kind === kinds.data ? tryDecode(change.body) : undefined
    if (!schema || !body) return
    const { header } = change
    const opId = createOpIds(crypto, { space: space.id, device: header.device, salt: body.salt, time: header.time })
    const record = records.get(schema.hash, schema.record)
    for (const table of merge.applyVoid({ space, record, change, number, body, opId, address: new Uint8Array(48) }))
      touched.add(table)
  }

  const retry: Content['retry'] = (nowMs) => {
    const touched = new Set<string>()
    let before = -1
    // Each round may bring what others wait for; a round that frees nothing is the last.
    while (waiting > 0 && waiting !== before) {
      before = waiting
      const rows = statements(
        'SELECT change FROM waiting WHERE space = ? AND (due IS NULL OR due <= ?) ORDER BY change',
      ).all(space.n, nowMs + clockSlackMs)
      for (const row of rows) {
        const number = row.change as number
        statements('DELETE FROM waiting WHERE change = ?').run(number)
        waiting -= 1
        takeOne({ number, change: history.change(number) }, nowMs, touched)
      }
    }
    return touched
  }

  const cover = (change: Change, isOwn: boolean): void =>
    frontier.add(space.n, change.hash, [change.header.prev, ...change.header.deps.content], isOwn)

  return {
    take: (changes, nowMs) => {
      const touched = new Set<string>()
      for (const numbered of changes) {
        takeOne(numbered, nowMs, touched)
        cover(numbered.change, false)
      }
      if (waiting > 0 && touched.size > 0) for (const table of retry(nowMs)) touched.add(table)
      merge.settle()
      return touched
    },
    retry: (nowMs) => {
      const touched = retry(nowMs)
      merge.settle()
      return touched
    },
    applyOwn: ({ number, change }, { record, body, opId, address }) => {
      cover(change, true)
      const touched = merge.apply({ space, record, change, number, body, opId, address })
      merge.settle()
      return touched
    },
    nextDue: () =>
      statements('SELECT min(due) AS due FROM waiting WHERE space = ?').get(space.n)?.due as number | undefined,
  }
}

/** A change is due when it is less than five minutes ahead; asking a little early costs nothing. */
const clockSlackMs = 5 * 60_000

const tryDecode = (body: Uint8Array): DataBody | undefined => {
  try {
    return decodeDataBody(body)
  } catch (cause) {
    if (cause instanceof KithError) return undefined
    throw cause
  }
}
