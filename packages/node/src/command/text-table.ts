/** Rows as a table for a terminal: numbers to the right, columns in step, cut to `width` characters where there is one. */
export const formatTable = (rows: readonly Readonly<Record<string, unknown>>[], width: number | undefined): string => {
  const [first] = rows
  if (first === undefined) return '(no rows)'
  const names = Object.keys(first)
  const isNumber = names.map((name) => rows.every((row) => row[name] === null || typeof row[name] === 'number'))
  const cells = [names, ...rows.map((row) => names.map((name) => formatCell(row[name])))]
  const widths = names.map((_, at) => Math.max(...cells.map((line) => (line[at] ?? '').length)))
  const lines = cells.map((line) =>
    line.map((cell, at) => (isNumber[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join('  '),
  )
  return lines.map((line) => cut(line.trimEnd(), width)).join('\n')
}

/** On one line, and without what would move the terminal's cursor: rows are written by others. */
const formatCell = (value: unknown): string => valueToText(value).replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '·')

const valueToText = (value: unknown): string => {
  if (value === null || value === undefined) return ''
  if (typeof value === 'string') return value
  if (value instanceof Date) return value.toISOString().replace('T00:00:00.000Z', '')
  return JSON.stringify(value)
}

const cut = (line: string, width: number | undefined): string =>
  width === undefined || line.length <= width ? line : `${line.slice(0, Math.max(1, width - 1))}…`
