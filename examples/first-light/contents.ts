import type { Content } from './device.ts'
import type { Source } from './source.ts'
import { bad, dim, good, line, number, say } from './screen.ts'

/** Two tables side by side: twelve short lines in six. */
export const showTables = (hers: Content, his: Content): void => {
  const names = Object.keys(hers.counts)
  const half = Math.ceil(names.length / 2)
  say(`     ${dim(`${row('', 'Alice', 'Bob')}     ${row('', 'Alice', 'Bob')}`)}`)
  for (let at = 0; at < half; at += 1) {
    const cells = [names[at], names[at + half]].map((name) =>
      name === undefined ? '' : row(name, number(hers.counts[name] ?? 0), number(his.counts[name] ?? 0)),
    )
    say(`     ${cells.join('     ')}`)
  }
  const mark = hers.digest === his.digest ? `equal  ${good('✓')}` : bad('different')
  line('digest', `${hers.digest.slice(0, 16)}…  ${his.digest.slice(0, 16)}…  ${mark}`)
}

/** What of the file is not there, in a sentence; undefined when all rows are. */
export const describeLoss = (hers: Content, source: Source): string | undefined => {
  for (const [name, rows] of Object.entries(source.tables)) {
    if (hers.counts[name] !== rows.length)
      return `The file has ${rows.length} rows in ${name}, Alice ${hers.counts[name]}.`
  }
  return undefined
}

/** What is wrong, in a sentence; undefined when both hold the same. */
export const describeDifference = (hers: Content, his: Content): string | undefined => {
  for (const [name, rows] of Object.entries(hers.counts)) {
    if (his.counts[name] !== rows) return `Alice has ${rows} rows in ${name}, Bob ${his.counts[name] ?? 0}.`
  }
  return hers.digest === his.digest
    ? undefined
    : 'Alice and Bob hold as many rows, and not the same: the digests differ.'
}

const row = (name: string, hers: string, his: string): string =>
  `${name.padEnd(14)}${hers.padStart(7)}${his.padStart(9)}`
