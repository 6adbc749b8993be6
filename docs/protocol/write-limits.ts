/** `node docs/protocol/write-limits.ts`: writes limits.md from packages/core/src/limits. A test keeps them equal. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as limits from '@kith/core/limits'

const folder = new URL('../../packages/core/src/limits/', import.meta.url)
export const limitsDocumentUrl = new URL('./limits.md', import.meta.url)

const titles: Readonly<Record<string, string>> = {
  'change.ts': 'Changes',
  'entry.ts': 'Entries',
  'value.ts': 'Values',
  'schema.ts': 'Schemas',
  'text.ts': 'Rich text',
  'membership.ts': 'Membership, keys and links',
  'clock.ts': 'Clocks',
  'presence.ts': 'Presence',
  'wire.ts': 'The hub protocol',
}

/** The whole document. Throws for a limit without a reason beside it. */
export function limitsToDocument(): string {
  const values: Readonly<Record<string, unknown>> = limits
  const missing = new Set(Object.keys(values))
  const files = readdirSync(folder).filter(
    (name) => /^[a-z-]+\.ts$/.test(name) && !['index.ts', 'relations.ts'].includes(name),
  )
  const order = Object.keys(titles)
  files.sort((left, right) => place(order, left) - place(order, right))
  const chapters = files.map((name) => {
    const source = readFileSync(new URL(name, folder), 'utf8')
    const rows = [
      ...source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n((?:export const \w+ =[\s\S]*?\n(?=\n|export|$))+)/g),
    ].flatMap(([, comment = '', code = '']) =>
      [...code.matchAll(/export const (\w+)/g)].map(([, limit = '']) => {
        missing.delete(limit)
        return `| \`${limit}\` | ${valueToText(limit, Number(values[limit]))} | ${commentToText(comment)} |`
      }),
    )
    return `## ${titles[name] ?? name}\n\n| limit | value | why |\n|---|---|---|\n${rows.join('\n')}\n`
  })
  if (missing.size > 0) throw new Error(`No reason is written beside ${[...missing].join(', ')}`)
  return `${heading}\n${chapters.join('\n')}`
}

const heading = `# Limits

Made from \`packages/core/src/limits\` by \`node docs/protocol/write-limits.ts\`; the unit is in the name. How they depend on each
other is checked in \`relations.ts\` whenever they are loaded. What passes one of them is refused with \`too-large\`, or waits
where that is said. Limits that replicas judge by are part of the protocol; all others each program may set lower for itself.
`

function place(order: readonly string[], name: string): number {
  const at = order.indexOf(name)
  return at < 0 ? order.length : at
}

function commentToText(comment: string): string {
  return comment
    .replace(/^\s*\* ?/gm, ' ')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim()
}

function valueToText(name: string, value: number): string {
  const plain = value.toLocaleString('en-US')
  if (!/bytes/i.test(name)) return plain
  for (const [unit, size] of [
    ['MiB', 1024 * 1024],
    ['KiB', 1024],
  ] as const) {
    if (value >= size && Number.isInteger((value / size) * 4)) return `${plain} (${value / size} ${unit})`
  }
  return plain
}

if (import.meta.main) writeFileSync(limitsDocumentUrl, limitsToDocument())
