/**
 * A transaction as data. The page records what its callback does; the worker does it in one turn. Ids of new rows are made
 * there, so the page's callback gets names for them, which both sides replace wherever they stand.
 */
export type Step = {
  readonly table: string
  readonly verb: WriteVerb
  readonly parameters: readonly unknown[]
}

export const writeVerbs = ['insert', 'upsert', 'update', 'delete', 'restore'] as const
export type WriteVerb = (typeof writeVerbs)[number]

/** The name of a row that has no id yet. `transaction` is random, so that no text holds it by chance. */
export const newRowName = (transaction: string, index: number): string => `new row ${transaction}:${index}.`

/** Replaces names of new rows by their ids in texts, arrays and plain objects. */
export const createNameReplacer = (transaction: string, idOf: (index: number) => string | undefined) => {
  const pattern = new RegExp(`new row ${transaction}:(\\d+)\\.`, 'g')
  const replace = (value: unknown): unknown => {
    if (typeof value === 'string') {
      return value.includes(transaction) ? value.replace(pattern, (name, index) => idOf(Number(index)) ?? name) : value
    }
    if (Array.isArray(value)) return value.map(replace)
    if (!isPlainObject(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, replace(part)]))
  }
  return replace
}

const isPlainObject = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)
