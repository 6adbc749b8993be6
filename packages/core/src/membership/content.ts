import { equalBytes, toHex } from '../bytes/index.ts'
import { type Header, kindToChain, kindToName } from '../change/index.ts'
import { type Author, type AuthorOptions, resolveAuthor } from './author.ts'
import type { Epochs } from './epochs.ts'
import { byHash } from './facts.ts'
import { headerToReferences, type Node } from './graph.ts'
import type { Past } from './past.ts'
import { isRankAtLeast, type Rank } from './rank.ts'
import { newestSchemas } from './schemas.ts'
import { type HeldBack, heldBack } from './verdict.ts'

/** What cuts ask of content, which the evaluator itself never sees. */
export type ContentOrder = {
  /** Whether a content change is one of these heads, or an ancestor of one by `prev`. */
  readonly isInside: (change: ContentPosition, heads: readonly Uint8Array[]) => boolean
  /** Whether it is one of these heads or lies in the causal past of one: over `prev` and `deps` on content. */
  readonly isSeen: (change: ContentPosition, heads: readonly Uint8Array[]) => boolean
}

export type ContentPosition = { readonly device: Uint8Array; readonly seq: number; readonly hash: Uint8Array }

export type SchemaRecord = { readonly hash: Uint8Array; readonly record: Uint8Array }

export type AuthorJudgement =
  | {
      readonly status: 'allowed'
      readonly person: Uint8Array
      readonly address: Uint8Array
      readonly rank: Rank
      readonly role: string
      /** The record that the change names. */
      readonly schema: SchemaRecord
      /** All newest records in its past: each must allow it (rule 7). `schema` is one of them. */
      readonly schemas: readonly SchemaRecord[]
    }
  | { readonly status: 'waiting'; readonly reason: 'missing' | 'unknown-kind'; readonly missing: readonly Uint8Array[] }
  | ({ readonly status: 'heldBack' } & HeldBack)

export type ContentOptions = AuthorOptions & {
  readonly epochs: Epochs
  readonly contentOrder: ContentOrder
  /** Whether something that only a newer version can judge lies in a past. */
  readonly isBeyondUs: (past: Past, header: Header) => boolean
}

/** Judges content changes by their headers. Those of one segment share their fields, and much of the answer. */
export type ContentJudge = {
  readonly judge: (header: Header, hash: Uint8Array | undefined) => AuthorJudgement
  /** Membership has changed: what waited may not, what stood may not. */
  readonly changed: () => void
}

/** What a change's own membership past says of it, once and for all. */
type Own = { readonly author: Author; readonly past: Past; readonly named: Node; readonly newest: readonly Node[] }

/** Distinct pasts remembered: a segment has one, and those of a busy space are few at a time. */
const remembered = 256

export function createContentJudge(options: ContentOptions): ContentJudge {
  const { graph, facts, standing, epochs, contentOrder, isBeyondUs } = options
  const owns = new Map<string, Own | AuthorJudgement>()
  let last: { header: Header; own: Own | AuthorJudgement } | undefined
  let allowed: { own: Own; judgement: AuthorJudgement } | undefined

  const judgeOwn = (header: Header): Own | AuthorJudgement => {
    if (kindToChain(header.kind) !== 'content') return denied(heldBack('malformed', 'It is not a content change.'))
    if (
      [header.space, header.grant, header.admission, header.epoch, header.schema].some((hash) => hash.length !== 32)
    ) {
      return denied(heldBack('malformed', 'It does not name all that a content change names.'))
    }
    if (!equalBytes(header.space, options.space)) return denied(heldBack('other-space'))
    const found = graph.pastOf(headerToReferences(header))
    if ('missing' in found) return { status: 'waiting', reason: 'missing', missing: found.missing }
    const { past } = found
    const isUnknown = kindToName(header.kind) === undefined || isBeyondUs(past, header)
    if (isUnknown) return { status: 'waiting', reason: 'unknown-kind', missing: [] }
    const resolved = resolveAuthor(options, header, past)
    if ('verdict' in resolved) return denied(resolved.verdict)
    const { author } = resolved
    if (!isRankAtLeast(author.rank, 'writer')) return denied(heldBack('rank-too-low', 'Readers do not write.'))
    const epoch = graph.find(header.epoch)
    if (epoch?.content.kind !== 'epoch' || !facts.isApplied(epoch)) return denied(heldBack('bad-epoch'))
    if (!epochs.isClean(epoch, past)) return denied(heldBack('unclean-epoch'))
    const named = graph.find(header.schema)
    if (named?.content.kind !== 'schema' || !facts.isApplied(named)) return denied(heldBack('bad-schema'))
    const newest = newestSchemas(options, past)
    return newest.includes(named) ? { author, past, named, newest } : denied(heldBack('old-schema'))
  }

  const ownOf = (header: Header): Own | AuthorJudgement => {
    if (last !== undefined && isJudgedAlike(last.header, header)) return last.own
    const key = headerToKey(header)
    let own = owns.get(key)
    if (own === undefined) {
      own = judgeOwn(header)
      if (owns.size >= remembered) owns.delete(owns.keys().next().value as string)
      owns.set(key, own)
    }
    last = { header, own }
    return own
  }

  /** Records that took rights away and that it lies beyond, though its author had not seen them (rule 7); by hash. */
  const laterSchemas = (own: Own, position: ContentPosition | undefined): Node[] => {
    const later = facts.schemas().filter((node) => {
      const { content } = node
      if (content.kind !== 'schema' || content.body.cut === undefined || graph.isInPast(node, own.past)) return false
      if (own.newest.includes(node) || !standing.stands(node)) return false
      return position === undefined || !contentOrder.isInside(position, content.body.cut)
    })
    return later.sort(byHash)
  }

  const judge: ContentJudge['judge'] = (header, hash) => {
    const own = ownOf(header)
    if ('status' in own) return own
    const { author, named, newest } = own
    const position = hash && { device: header.device, seq: header.seq, hash }
    const cut = standing.contentCut(position, author.warrants)
    if (cut !== undefined) return denied(heldBack(cut.isOfDevices ? 'outside-device-cut' : 'outside-cut'))
    if (!standing.contentRests(position, author.warrants)) return denied(heldBack('rests-on-void'))
    if (!standing.stands(named)) return denied(heldBack('bad-schema', 'The rules were withdrawn.'))
    const later = laterSchemas(own, position)
    if (later.length === 0 && allowed?.own === own) return allowed.judgement
    const { person, rank, role } = author
    const judgement: AuthorJudgement = {
      status: 'allowed',
      person: person.id,
      address: person.address,
      rank,
      role,
      schema: nodeToSchema(named),
      schemas: [...newest, ...later].map(nodeToSchema),
    }
    if (later.length === 0) allowed = { own, judgement }
    return judgement
  }

  return {
    judge,
    changed: () => {
      for (const [key, own] of owns) if ('status' in own && own.status === 'waiting') owns.delete(key)
      last = undefined
      allowed = undefined
    },
  }
}

export function nodeToSchema({ content, change }: Node): SchemaRecord {
  return { hash: change.hash, record: content.kind === 'schema' ? content.body.record : new Uint8Array(0) }
}

/** Changes of one segment share their fields by identity: a run of thousands is looked up once. */
function isJudgedAlike(a: Header, b: Header): boolean {
  return (
    a.kind === b.kind &&
    a.space === b.space &&
    a.device === b.device &&
    a.deps.membership === b.deps.membership &&
    a.grant === b.grant &&
    a.admission === b.admission &&
    a.epoch === b.epoch &&
    a.schema === b.schema
  )
}

function headerToKey(header: Header): string {
  const { kind, space, device, deps, grant, admission, epoch, schema } = header
  const parts = [space, device, grant, admission, epoch, schema, ...deps.membership]
  return `${kind}/${parts.map(toHex).join('/')}`
}

function denied(reason: HeldBack): AuthorJudgement {
  return { status: 'heldBack', ...reason }
}
