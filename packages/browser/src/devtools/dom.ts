export type Child = Node | string | number | undefined | false

/** An element with text and elements in it. There is no way to give it markup. */
export const element = <N extends keyof HTMLElementTagNameMap>(
  name: N,
  properties: Partial<HTMLElementTagNameMap[N]> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[N] => {
  const made = Object.assign(document.createElement(name), properties)
  for (const child of children) {
    if (child !== undefined && child !== false) made.append(child instanceof Node ? child : String(child))
  }
  return made
}

export type Column<Row> = {
  readonly title: string
  readonly cell: (row: Row) => Child | readonly Child[]
  readonly isNumber?: boolean
}

export const tableOf = <Row>(rows: readonly Row[], columns: readonly Column<Row>[], empty: string): HTMLElement => {
  if (rows.length === 0) return element('p', { className: 'empty' }, empty)
  const cells = (row: Row) =>
    columns.map(({ cell, isNumber }) => element('td', { className: isNumber ? 'number' : '' }, ...[cell(row)].flat()))
  return element(
    'table',
    {},
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...columns.map(({ title, isNumber }) => element('th', { className: isNumber ? 'number' : '' }, title)),
      ),
    ),
    element('tbody', {}, ...rows.map((row) => element('tr', {}, ...cells(row)))),
  )
}

/** Something said beside the point. */
export const aside = (...children: readonly Child[]): HTMLElement => element('small', {}, ...children)

/** Ids and hashes: the beginning, with all of it to be seen by pointing and to be copied by a click. */
export const shortened = (whole: string, length = 8): HTMLElement => {
  const made = element('code', { title: `${whole} (click to copy)` }, whole.slice(0, length))
  made.addEventListener('click', () => void navigator.clipboard?.writeText(whole).catch(() => {}))
  return made
}

export type Tone = 'good' | 'bad' | 'wait' | 'plain'

export const badge = (text: string, tone: Tone = 'plain'): HTMLElement =>
  element('span', { className: `badge ${tone}` }, text)
