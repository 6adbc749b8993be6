import { KithError } from '@kith/core/bytes'
import type { ColumnSpec } from '@kith/core/schema'

export type Condition = {
  readonly column: string
  readonly operator: '=' | '!=' | '<' | '<=' | '>' | '>=' | 'contains' | 'is' | 'is not'
  readonly value: string | number | boolean | Date | null
}

const pattern = /^([A-Za-z_]\w*)\s*(!=|<=|>=|=|<|>|~)\s*(.*)$/s

/**
 * Reads `column=value`; the value is one of the column's type, `null` is null, and `~` is "contains", in any case.
 *
 * @throws KithError `not-found` for a column that the table lacks, `bad-value` where the value is not of its type.
 */
export const parseCondition = (word: string, columns: Readonly<Record<string, ColumnSpec>>): Condition => {
  const found = pattern.exec(word)
  if (!found)
    throw new KithError('bad-value', `"${word}" is no condition: write COLUMN=VALUE, with = != < <= > >= or ~.`)
  const [, column = '', sign = '=', written = ''] = found
  const spec = Object.hasOwn(columns, column) ? columns[column] : undefined
  if (!spec)
    throw new KithError('not-found', `There is no column "${column}". Here: ${Object.keys(columns).join(', ')}.`)
  if (sign === '~') return { column, operator: 'contains', value: written }
  if (written === 'null' && (sign === '=' || sign === '!=')) {
    return { column, operator: sign === '=' ? 'is' : 'is not', value: null }
  }
  return { column, operator: sign as Condition['operator'], value: parseValue(written, spec, column) }
}

const parseValue = (written: string, { kind }: ColumnSpec, column: string): string | number | boolean | Date => {
  const wrong = (what: string): KithError => new KithError('bad-value', `"${column}" is ${what}: "${written}" is not.`)
  if (kind === 'int' || kind === 'counter' || kind === 'real') {
    const value = Number(written)
    if (written.trim() === '' || !Number.isFinite(value)) throw wrong('a number')
    return value
  }
  if (kind === 'bool') {
    if (written !== 'true' && written !== 'false') throw wrong('true or false')
    return written === 'true'
  }
  if (kind === 'time') {
    const value = new Date(written)
    if (Number.isNaN(value.getTime())) throw wrong('a time, such as 2026-11-21T12:00Z')
    return value
  }
  return written
}
