/** The file of a table's screen: its list and its form. */
import type { ColumnPlan } from './column.ts'

export type ScreenPlan = {
  readonly table: string
  readonly columns: readonly ColumnPlan[]
  /** By which column the rows of a table are called where others refer to them; without one, by their ids. */
  readonly labelOf: (table: string) => string | undefined
}

/** Beside the folder of the screens. */
export const schemaFile = 'schema.ts'

/** The parts of React's code for one column. */
type Parts = {
  /** What both components ask for. */
  readonly hooks: readonly string[]
  /** In a line of the list. */
  readonly cell: readonly string[]
  /** In the form, and what of it is inserted. */
  readonly field: readonly string[]
  readonly value: string | undefined
}

export const renderScreen = (plan: ScreenPlan): string => {
  const { table, columns } = plan
  const name = capitalise(table)
  const parts = columns.map((column) => toParts(column, plan))
  const hooks = [...new Set(parts.flatMap((part) => part.hooks))]
  const fields = parts.filter(({ field }) => field.length > 0)
  const boxesFirst = columns.flatMap(({ kind }, at) => (kind === 'bool' ? [at] : []))
  const others = columns.flatMap(({ kind }, at) => (kind === 'bool' ? [] : [at]))
  const cells = [...boxesFirst, ...others].flatMap((at) => parts[at]?.cell ?? [])
  const react = ['useCan', ...(hooks.some((hook) => hook.includes('useMembers')) ? ['useMembers'] : []), 'useQuery']
  const core = columns.some(({ kind }) => kind === 'counter')
    ? "import { increment, type Space } from '@kith/core'"
    : "import type { Space } from '@kith/core'"
  return `${core}
import { ${react.join(', ')} } from '@kith/react'
import type { schema } from '../${schemaFile}'

type Props = { space: Space<typeof schema> }

export const ${name}Screen = ({ space }: Props) => {
  const rows = useQuery(space, (q) => q.selectFrom('${table}').selectAll().orderBy('id'))
${indent(hooks, 2)}  const can = useCan(space)
  return (
    <section>
      <h2>${toTitle(table)}</h2>
      <ul>
        {rows.map((row) => (
          <li key={row.id}>
${indent(cells, 12)}            {can('delete', '${table}') ? (
              <button type="button" onClick={() => void space.tables.${table}.delete(row.id)}>
                Delete
              </button>
            ) : null}
          </li>
        ))}
      </ul>
      {can('insert', '${table}') ? <${name}Form space={space} /> : null}
    </section>
  )
}

const ${name}Form = ({ space }: Props) => {
${indent(hooks, 2)}  const add = async (data: FormData) => {
    await space.tables.${table}.insert({
${indent(
  parts.flatMap(({ value }) => value ?? []),
  6,
)}    })
  }
  return (
    <form action={add}>
${indent(
  fields.flatMap(({ field }) => field),
  6,
)}      <button>Add</button>
    </form>
  )
}
`
}

const toParts = (column: ColumnPlan, { table, labelOf }: ScreenPlan): Parts => {
  const { name, kind, isOptional } = column
  const title = toTitle(name)
  const required = isOptional ? '' : ' required'
  const input = (attributes: string): string[] => [
    '<label>',
    `  ${title} <input name="${name}"${attributes}${required} />`,
    '</label>',
  ]
  const given = `data.get('${name}')`
  const asText = `${given} as string`
  const plain = (cell: string, field: string[], value: string): Parts => ({
    hooks: [],
    cell: [`<span>{${cell}}</span>`],
    field,
    value: `${name}: ${value},`,
  })
  switch (kind) {
    case 'text':
      return plain(`row.${name}`, input(''), isOptional ? `(${asText}) || null` : asText)
    case 'int':
    case 'real': {
      const number = isOptional ? `${given} ? Number(${given}) : null` : `Number(${given})`
      return plain(`row.${name}`, input(` type="number"${kind === 'real' ? ' step="any"' : ''}`), number)
    }
    case 'time': {
      const time = isOptional ? `${given} ? new Date(${asText}) : null` : `new Date(${asText})`
      const shown = `row.${name}${isOptional ? '?' : ''}.toLocaleString()`
      return plain(shown, input(' type="datetime-local"'), time)
    }
    case 'bool':
      return {
        hooks: [],
        cell: [
          '<input',
          '  type="checkbox"',
          `  aria-label="${name}"`,
          `  checked={row.${name}}`,
          `  disabled={!can('update', '${table}')}`,
          `  onChange={() => void space.tables.${table}.update(row.id, { ${name}: !row.${name} })}`,
          '/>',
        ],
        field: [],
        value: undefined,
      }
    case 'counter':
      return {
        hooks: [],
        cell: [
          '<button',
          '  type="button"',
          `  disabled={!can('update', '${table}')}`,
          `  onClick={() => void space.tables.${table}.update(row.id, { ${name}: increment(1) })}`,
          '>',
          `  ${title}: {row.${name}}`,
          '</button>',
        ],
        field: [],
        value: undefined,
      }
    case 'person':
      return choice(column, 'members', 'address', 'name', 'const members = useMembers(space)')
    case 'ref': {
      const target = column.target ?? ''
      const label = labelOf(target)
      const list = `${name}Rows`
      const columns = label === undefined ? "['id']" : `['id', '${label}']`
      const ask = `const ${list} = useQuery(space, (q) => q.selectFrom('${target}').select(${columns}).orderBy('id'))`
      return choice(column, list, 'id', label ?? 'id', ask)
    }
  }
}

/** A column whose values are chosen from a list. */
const choice = (column: ColumnPlan, list: string, key: string, label: string, hook: string): Parts => {
  const { name, isOptional } = column
  const isSame = key === label
  return {
    hooks: [hook],
    cell: [`<span>{${isSame ? `row.${name}` : `${list}.find((one) => one.${key} === row.${name})?.${label}`}}</span>`],
    field: [
      '<label>',
      `  ${toTitle(name)}`,
      `  <select name="${name}"${isOptional ? '' : ' required'}>`,
      '    <option value="" />',
      `    {${list}.map((one) => (`,
      `      <option key={one.${key}} value={one.${key}}>`,
      `        {one.${label}}`,
      '      </option>',
      '    ))}',
      '  </select>',
      '</label>',
    ],
    value: `${name}: ${isOptional ? `(data.get('${name}') as string) || null` : `data.get('${name}') as string`},`,
  }
}

export const capitalise = (word: string): string => `${word[0]?.toUpperCase()}${word.slice(1)}`

/** `dueDate` and `due_date` are "Due date" to people. */
const toTitle = (name: string): string =>
  capitalise(name.replaceAll('_', ' ').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`))

const indent = (lines: readonly string[], spaces: number): string =>
  lines.map((line) => `${' '.repeat(spaces)}${line}\n`).join('')
