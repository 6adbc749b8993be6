import { equalBytes } from '../bytes/index.ts'
import type { Verifying } from '../ports/index.ts'
import { type Author, type AuthorOptions, resolveAuthor, resolveDevice } from './author.ts'
import type { Epochs } from './epochs.ts'
import type { Node } from './graph.ts'
import { judgeInPerson } from './judge-person.ts'
import { judgeInSpace, judgeJoin } from './judge-space.ts'
import { type HeldBack, heldBack } from './verdict.ts'
import type { Views } from './view.ts'

/** Applied, held back for a reason, or something that a newer version must judge (the space is then read-only here). */
export type Verdict = 'applied' | 'unsupported' | HeldBack

/** A verdict, and whose change it is where that could be told. */
export type Judged = { readonly verdict: Verdict; readonly author?: Author }

/** What a schema record does to those before it: only adds, changes rules, or breaks what rows rely on. */
export type SchemaStep = 'adds' | 'changes' | 'breaks'

export type JudgeOptions = AuthorOptions & {
  readonly crypto: Verifying
  readonly views: Views
  readonly epochs: Epochs
  readonly schemaStep: (record: Uint8Array, before: readonly Uint8Array[]) => SchemaStep
}

/**
 * The verdict on a whole membership change. It reads the change and its causal past alone, so that it is the same
 * wherever and whenever it is computed. What a cut takes from it later is another question: see `standing.ts`.
 */
export function judgeChange(options: JudgeOptions, node: Node): Judged {
  const { facts, space } = options
  const { content, change, past } = node
  const { header } = change
  if (content.kind === 'malformed') return { verdict: heldBack('malformed', content.reason) }
  if (header.epoch.length > 0 || header.schema.length > 0) {
    return { verdict: heldBack('malformed', 'A membership change names no epoch and no schema.') }
  }
  if (content.kind === 'genesis') return judgeGenesis(options, node)
  if (header.space.length !== 32) return { verdict: heldBack('malformed', 'Only a genesis names no space.') }
  if (content.kind === 'join') return judgeJoin(options, node, content.body)
  const isInSpace = equalBytes(header.space, space) && facts.person(space) === undefined
  const found = resolveAuthor(options, header, past)
  if ('verdict' in found) return found
  const { author } = found
  return { verdict: isInSpace ? judgeInSpace(options, node, author) : judgeInPerson(options, node, author), author }
}

function judgeGenesis(options: JudgeOptions, node: Node): Judged {
  const { content, change, past } = node
  const { header } = change
  if (content.kind !== 'genesis') return { verdict: heldBack('malformed') }
  if (header.space.length > 0 || header.grant.length > 0 || header.seq !== 0) {
    return { verdict: heldBack('malformed', 'A genesis begins its space.') }
  }
  if (content.body.type === 'person') {
    return { verdict: header.admission.length > 0 ? heldBack('malformed', 'A person admits itself.') : 'applied' }
  }
  if (!equalBytes(change.hash, options.space)) return { verdict: heldBack('other-space') }
  const found = resolveDevice(options, header, past)
  if ('verdict' in found) return found
  const { person } = found
  if (!equalBytes(person.id, content.body.person)) return { verdict: heldBack('not-member') }
  return { verdict: 'applied', author: { person, rank: 'owner', role: 'owner', grant: node, warrants: [] } }
}
