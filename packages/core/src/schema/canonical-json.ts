import { jsonDepthMax } from '../limits/index.ts'

/**
 * JSON with sorted keys and without white space (RFC 8785), so that equal values are equal bytes. Undefined for what JSON cannot
 * hold (functions, cycles, `Date`s, numbers that are not finite, half surrogate pairs) and past `jsonDepthMax`.
 */
export const canonicalJson = (value: unknown): string | undefined => write(value, 0)

/** Whether a text from outside is what `canonicalJson` writes. */
export const isCanonicalJson = (text: string): boolean => {
  try {
    return canonicalJson(JSON.parse(text)) === text
  } catch {
    return false
  }
}

const write = (value: unknown, depth: number): string | undefined => {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? JSON.stringify(value) : undefined
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : undefined
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth >= jsonDepthMax) return undefined
      return Array.isArray(value) ? writeArray(value, depth) : writeObject(value, depth)
    default:
      return undefined
  }
}

const writeArray = (value: readonly unknown[], depth: number): string | undefined => {
  const parts: string[] = []
  for (const element of value) {
    const part = write(element, depth + 1)
    if (part === undefined) return undefined
    parts.push(part)
  }
  return `[${parts.join(',')}]`
}

const writeObject = (value: object, depth: number): string | undefined => {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) return undefined
  const parts: string[] = []
  for (const key of Object.keys(value).sort()) {
    const inner = (value as Record<string, unknown>)[key]
    // As JSON.stringify does: an absent property and an undefined one are the same.
    if (inner === undefined) continue
    const part = write(inner, depth + 1)
    if (part === undefined || !key.isWellFormed()) return undefined
    parts.push(`${JSON.stringify(key)}:${part}`)
  }
  return `{${parts.join(',')}}`
}
