/** What no structured clone carries stands in a message as a part of its own kind. */
export type Part =
  | { readonly [partKey]: 'app'; readonly app: number }
  | { readonly [partKey]: 'space'; readonly space: string; readonly methods: readonly string[] }
  | { readonly [partKey]: 'function'; readonly function: number; readonly round: string }
  /** A promise in a result, as a function that gives it. */
  | { readonly [partKey]: 'promise'; readonly function: number; readonly round: string }

/** No app has a member of this name by chance. */
export const partKey = 'kith:part'

export const isPart = (value: unknown): value is Part => typeof value === 'object' && value !== null && partKey in value

/** Leaves a value as it is. */
export const same = Symbol('same')

/** A copy in which `change` has replaced what it knows, at any depth of arrays and plain objects; the value itself where there is nothing. */
export const replaceParts = (value: unknown, change: (value: unknown) => unknown): unknown => {
  const changed = change(value)
  if (changed !== same) return changed
  if (Array.isArray(value)) {
    const parts = value.map((part) => replaceParts(part, change))
    return parts.some((part, at) => part !== value[at]) ? parts : value
  }
  if (!isPlainObject(value)) return value
  const entries = Object.entries(value).map(([name, part]) => [name, replaceParts(part, change)] as const)
  return entries.some(([name, part]) => part !== value[name]) ? Object.fromEntries(entries) : value
}

const isPlainObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' &&
  value !== null &&
  (Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null)

/** The names of an object's functions; those of objects in it with dots: `contacts.add`. */
export const methodNames = (object: object): string[] =>
  Object.entries(object).flatMap(([name, value]: [string, unknown]) => {
    if (typeof value === 'function') return [name]
    return isPlainObject(value) ? methodNames(value).map((inner) => `${name}.${inner}`) : []
  })

/** The function of that name, if the object has it as its own. */
export const findMethod = (object: object, path: string): ((...parameters: unknown[]) => unknown) | undefined => {
  let found: unknown = object
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return typeof found === 'function' ? (found as () => unknown) : undefined
}

/** Builds an object out of methods by their names, the inverse of `methodNames`. */
export const methodsToObject = (
  names: readonly string[],
  toMethod: (name: string) => unknown,
): Record<string, unknown> => {
  const object: Record<string, unknown> = {}
  for (const name of names) {
    const path = name.split('.')
    let place = object
    for (const step of path.slice(0, -1)) place = (place[step] ??= {}) as Record<string, unknown>
    place[path.at(-1) as string] = toMethod(name)
  }
  return object
}

/** The house's word for listeners: `live`, `liveMembers`, `contacts.liveList`. They give what stops them at once, so they cannot wait for an answer. */
export const isLive = (method: string): boolean => /(^|\.)live([A-Z]|$)/.test(method)
