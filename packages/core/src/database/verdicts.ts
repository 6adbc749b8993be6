import { equalBytes, ifUsable } from '../bytes/index.ts'
import {
  type Change,
  createOpIds,
  type DataBody,
  decodeDataBody,
  decodeReissueBody,
  isTimeAhead,
  kinds,
  type Reissued,
} from '../change/index.ts'
import type { AuthorJudgement, Membership } from '../membership/index.ts'
import { rankNumbers } from '../schema/index.ts'
import type { CompiledRecord, CompiledTable } from './compiled.ts'
import type { NumberedChange } from './history.ts'
import type { JudgeInput } from './judge.ts'
import { judgeByAll, type PublishedRecord } from './judge-records.ts'
import type { MergeInput } from './merge.ts'
import type { SpaceEntry } from './registry.ts'
import type { Store } from './store.ts'
import type { Wait } from './waiting.ts'

/** What is to become of a content change, by all that is here now. Judging changes nothing. */
export type Outcome = Asked &
  (
    | { readonly state: 'waiting'; readonly wait: Wait; readonly expects?: Expected; readonly claims?: MergeInput }
    | {
        readonly state: 'held back'
        readonly code: string
        readonly reason: string
        /** It takes part among twins all the same. */
        readonly claims?: MergeInput
      }
    | { readonly state: 'applied'; readonly merged: MergeInput }
    | { readonly state: 're-issues'; readonly target: NumberedChange }
  )

/** Rows, here now, by whose insert it was judged. */
type Asked = { readonly asked?: readonly Uint8Array[] }
type Expected = { readonly table: CompiledTable; readonly row: Uint8Array; readonly app: string }

export type Verdicts = {
  readonly judge: (change: NumberedChange, nowMs: number) => Outcome
  /** A change of rows as `merge` takes it, whatever is thought of it; undefined where it cannot be read. */
  readonly read: (change: NumberedChange) => MergeInput | undefined
  /** Where the change lies that a re-issue names; undefined for what is no re-issue. */
  readonly targetOf: (change: Change) => Reissued | undefined
}

export type VerdictsInput = {
  readonly store: Pick<Store, 'statements' | 'records' | 'twins' | 'history' | 'registry'>
  readonly space: SpaceEntry
  readonly crypto: JudgeInput['crypto']
  readonly membership: Membership
  readonly origin: JudgeInput['origin']
}

type Allowed = Extract<AuthorJudgement, { status: 'allowed' }>
const noAddress = new Uint8Array(48)

export const createVerdicts = ({ store, space, crypto, membership, origin }: VerdictsInput): Verdicts => {
  const { statements, records, twins, history, registry } = store

  const recordOf = ({ record }: PublishedRecord): CompiledRecord | undefined =>
    records.get(record, membership.app() ?? '')
  const recordNamed = (change: Change): CompiledRecord | undefined => {
    const schema = membership.schema(change.header.schema)
    return schema && recordOf(schema)
  }
  const toMerged = (
    { number, change }: NumberedChange,
    record: CompiledRecord,
    body: DataBody,
    address: Uint8Array,
  ): MergeInput => {
    const { device, time } = change.header
    const opId = createOpIds(crypto, { space: space.id, device, salt: body.salt, time })
    return { space, record, change, number, body, opId, address }
  }
  const isReissued = (change: Change): boolean =>
    statements('SELECT 1 AS found FROM reissue WHERE space = ? AND target = ? LIMIT 1').get(space.n, change.hash) !==
    undefined

  /** The verdict of the schema's rules, with the rows that it asked for. */
  const judgeRules = (author: Allowed, merged: MergeInput, owner?: Uint8Array) => {
    const asked: Uint8Array[] = []
    const verdict = judgeByAll(author.schemas, records, {
      crypto,
      record: merged.record,
      space: space.id,
      body: merged.body,
      opId: merged.opId,
      ...(owner ? { owner } : {}),
      author: { rank: rankNumbers[author.rank], role: author.role, address: author.address },
      origin: (table, row) => {
        const found = origin(table, row)
        if (found) asked.push(row)
        return found
      },
    })
    return { verdict, asked }
  }

  const judge: Verdicts['judge'] = (numbered, nowMs) => {
    const { change } = numbered
    const { header, body: bytes } = change
    if (isTimeAhead(header.time, nowMs)) {
      const wait = { due: header.time.ms, reason: 'Its time is ahead of our clock.' }
      return { state: 'waiting', wait }
    }
    const author = membership.judgeAuthor(header, change.hash)
    if (author.status === 'waiting') return waitFor(author.missing[0], 'It rests on changes that are not here yet.')
    if (!bytes) return waitFor(change.hash, 'Its content is not here.')
    if (author.status === 'heldBack') {
      const merged = header.kind === kinds.data && isReissued(change) ? read(numbered) : undefined
      return merged ? judgeTwins(merged) : heldBack(author.code, author.message)
    }
    if (header.kind === kinds.reissue) return judgeReissue(bytes, author)
    if (header.kind !== kinds.data)
      return heldBack('unknown-kind', 'A newer version of Kith wrote it. Update to see it.')
    const body = tryDecode(bytes)
    if (!body) return heldBack('bad-encoding', 'Its content is malformed.')
    const record = recordOf(author.schema)
    if (!record) return heldBack('bad-schema', 'The schema that it was made under is not usable.')
    const merged = toMerged(numbered, record, body, author.address)
    const { verdict, asked } = judgeRules(author, merged)
    if (verdict.state === 'held back' && isReissued(change)) return judgeTwins(merged)
    if (verdict.state === 'held back' && !verdict.byRow) return heldBack(verdict.code, verdict.reason)
    // What might take effect takes part among twins, whatever it waits for.
    if (verdict.state === 'applied') return judgeTwins(merged)
    if (twins.isTwin(merged)) return { ...twinVerdict, claims: merged, asked }
    if (verdict.state === 'held back') return { ...verdict, claims: merged, asked }
    const { need, reason, table } = verdict
    return {
      state: 'waiting',
      wait: { need, reason },
      expects: { table, row: need, app: record.app },
      claims: merged,
      asked,
    }
  }

  const judgeTwins = (merged: MergeInput): Outcome =>
    twins.isTwin(merged) ? { ...twinVerdict, claims: merged } : { state: 'applied', merged }

  /** A re-issue is judged as if its author had made the change that it names: of what that is itself, nothing but its author stays. */
  const judgeReissue = (bytes: Uint8Array, author: Allowed): Outcome => {
    const named = tryDecodeReissue(bytes)
    if (!named) return heldBack('bad-encoding', 'Its content is malformed.')
    const chain = registry.knownChain(space.n, named.device, 1)
    const target = chain && history.find(chain, named.seq, named.change)
    if (!target?.change.body) return waitFor(named.change, 'It gives effect to a change that is not here yet.')
    const theirs = target.change.header
    const judged = membership.judgeAuthor(theirs, target.change.hash)
    if (judged.status === 'waiting') return waitFor(judged.missing[0], 'It rests on changes that are not here yet.')
    // One that is malformed was never looked at: whose it is may not be known yet.
    const isNobodys = judged.status === 'heldBack' && (judged.code === 'malformed' || judged.code === 'other-space')
    const owner = isNobodys ? undefined : membership.writerOf(theirs)
    const merged = owner && theirs.kind === kinds.data ? read(target) : undefined
    if (!owner || !merged)
      return heldBack('bad-value', 'What it wants to give effect to is no change of rows by a member.')
    if (!equalBytes(owner.person, author.person) && rankNumbers[author.rank] < rankNumbers.admin)
      return heldBack('rule', 'Only an admin may re-issue what somebody else wrote.')
    const { verdict, asked } = judgeRules(author, merged, owner.address)
    if (verdict.state === 'applied') return { state: 're-issues', target, asked }
    if (verdict.state === 'held back') return { state: 'held back', code: verdict.code, reason: verdict.reason, asked }
    const { need, reason, table } = verdict
    return {
      state: 'waiting',
      wait: { need, reason },
      expects: { table, row: need, app: merged.record.app },
      asked,
    }
  }

  const read: Verdicts['read'] = (numbered) => {
    const { change } = numbered
    if (change.header.kind !== kinds.data || !change.body) return undefined
    const record = recordNamed(change)
    const body = record && tryDecode(change.body)
    return record && body && toMerged(numbered, record, body, membership.writerOf(change.header)?.address ?? noAddress)
  }

  return {
    judge,
    read,
    targetOf: ({ header, body }) => (header.kind === kinds.reissue && body ? tryDecodeReissue(body) : undefined),
  }
}

const waitFor = (need: Uint8Array | undefined, reason: string): Outcome => ({
  state: 'waiting',
  wait: { need, reason },
})
const heldBack = (code: string, reason: string): Outcome => ({ state: 'held back', code, reason })

const twinVerdict = {
  state: 'held back',
  code: 'twin',
  reason: 'Another change of its author makes a row of the same id: neither counts.',
} as const

const tryDecode = (body: Uint8Array): DataBody | undefined => ifUsable(() => decodeDataBody(body))
const tryDecodeReissue = (body: Uint8Array) => ifUsable(() => decodeReissueBody(body))
