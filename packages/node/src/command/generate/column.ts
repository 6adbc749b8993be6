/** One column as `kith generate table` takes it: `title:text`, `due:time:optional`, `list:ref:lists`. */
import { bool, type Column, counter, int, person, real, ref, text, time } from '@kith/core/schema'
import { KithError } from '@kith/core/bytes'

export type ColumnKind = 'text' | 'int' | 'real' | 'bool' | 'time' | 'counter' | 'person' | 'ref'

export type ColumnPlan = {
  readonly name: string
  readonly kind: ColumnKind
  /** The table that it refers to. */
  readonly target: string | undefined
  readonly isOptional: boolean
}

const kinds: Readonly<Record<ColumnKind, (target: string) => Column>> = {
  text,
  int,
  real,
  bool,
  time,
  counter,
  person,
  ref,
}

/** @throws KithError `bad-schema` for what cannot be meant. */
export const parseColumn = (word: string): ColumnPlan => {
  const [name = '', kind = 'text', ...rest] = word.split(':')
  checkName(name, 'column')
  if (!isKind(kind))
    throw bad(
      `"${word}": there is no type ${kind}. Types are ${Object.keys(kinds).join(', ')}; columns of others are added by hand`,
    )
  const target = kind === 'ref' ? rest.shift() : undefined
  if (kind === 'ref' && target === undefined) throw bad(`"${word}" does not say which table: write ${name}:ref:TABLE`)
  const isOptional = rest[0] === 'optional'
  if (rest.length > (isOptional ? 1 : 0)) throw bad(`"${word}": after the type may only follow :optional`)
  if (isOptional && (kind === 'bool' || kind === 'counter'))
    throw bad(`"${word}": a ${kind} always has a value, and cannot be optional`)
  return { name, kind, target, isOptional }
}

/** As the schema file says it. */
export const columnToCode = ({ kind, target, isOptional }: ColumnPlan): string => {
  if (kind === 'bool') return 'bool().default(false)'
  return `${kind}(${target === undefined ? '' : `'${target}'`})${isOptional ? '.optional()' : ''}`
}

/** As the core knows it, which judges what names and tables can be. */
export const columnToDeclaration = ({ kind, target = '', isOptional }: ColumnPlan): Column => {
  const column = kinds[kind](target)
  return isOptional ? (column as ReturnType<typeof text>).optional() : column
}

export const checkName = (name: string, what: string): void => {
  if (!/^[a-z][A-Za-z0-9_]*$/.test(name))
    throw bad(`"${name}" cannot be the name of a ${what}: use letters, digits and _, with a small letter first`)
}

const isKind = (kind: string): kind is ColumnKind => Object.hasOwn(kinds, kind)

export const bad = (what: string): KithError => new KithError('bad-schema', `${what}.`)
