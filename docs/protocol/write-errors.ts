/** `node docs/protocol/write-errors.ts`: writes errors.md from the code's registries. errors.test.ts keeps them equal. */
import { writeFileSync } from 'node:fs'
import { errorCodes } from '@kith/core/bytes'
import { heldBackCodes } from '@kith/core/membership'
import { type RefusalReason, refusalCodes, refusalToError } from '@kith/core/wire'

export const errorsDocumentUrl = new URL('./errors.md', import.meta.url)

/** The whole document. */
export function errorsToDocument(): string {
  const errors = Object.entries(errorCodes).map(([code, what]) => toRow(`\`${code}\``, what))
  const reasons = Object.keys(refusalCodes) as RefusalReason[]
  const refusals = reasons.map((refused) =>
    toRow(`\`${refused}\``, String(refusalCodes[refused]), refusalToError({ refused, waitMs: 0 }).message),
  )
  const verdicts = Object.entries(heldBackCodes).map(([code, why]) => toRow(`\`${code}\``, why))
  return [
    heading,
    ['| code | what it means, and what to do |', '|---|---|', ...errors].join('\n'),
    refusalHeading,
    ['| `details.why` | on the wire | what it means |', '|---|---|---|', ...refusals].join('\n'),
    verdictHeading,
    ['| code | why |', '|---|---|', ...verdicts].join('\n'),
    '',
  ].join('\n\n')
}

const heading = `# Errors

Made from \`errorCodes\` in \`packages/core/src/bytes/error.ts\`, and the two other registries named below, by
\`node docs/protocol/write-errors.ts\`.

There are two kinds of failure. What a caller can expect is a \`KithError\`: \`code\` is stable, \`message\` says what happened and what to do,
\`details\` holds small facts for programs, never secrets or content. A broken invariant of Kith's own is a plain \`Error\` whose message begins
with "Kith defect": nothing to handle, please report it. A code is never renamed and never given a second meaning.`

const refusalHeading = `## What a hub refuses

A hub's refusal is \`hub-refused\`, with \`details.why\` and, where waiting helps, \`details.waitMs\`. From \`packages/core/src/wire/refusal.ts\`; the bytes
are in [hub.md](hub.md#refusals).`

const verdictHeading = `## Why a change is held back

No error of the caller's, but the \`code\` of an item of \`heldBack()\`. These come from the membership rules
(\`packages/core/src/membership/verdict.ts\`, [membership.md](membership.md)); those of the schema's rules are in [database.md](database.md#waiting-applied-held-back).`

function toRow(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

if (import.meta.main) writeFileSync(errorsDocumentUrl, errorsToDocument())
