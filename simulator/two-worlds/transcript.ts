/** What a hub is told and tells, with everything taken off that is random: two worlds that it cannot tell apart give the same. */
import { decodeCbor, toHex } from '@kith/core/bytes'

/** One frame, or the beginning or end of a connection, as the hub meets it. */
export type HubEvent = {
  readonly atMs: number
  readonly connection: number
  readonly what: 'opened' | 'closed' | 'from client' | 'from hub'
  readonly frame: Uint8Array | undefined
}

/** A byte string: which it is by first appearance, how long, and with which others it has 16 bytes in common. */
type Token = { readonly token: number; readonly bytes: number; readonly shares: readonly number[] }

type Shape = number | string | Token | readonly Shape[]
type Line = readonly [atMs: number, connection: number, what: string, frame: Shape]

/** Of one run: its shape, and the byte strings in the order of the tokens. */
export type Transcript = { readonly lines: readonly Line[]; readonly tokens: readonly Uint8Array[] }

const windowBytes = 16
/** Tokens below this are renamed, but not looked into for what they share: flags and names of lanes are not random. */
const tokenBytesMin = windowBytes

export const toTranscript = (events: readonly HubEvent[]): Transcript => {
  const connections = new Map<number, number>()
  const known = new Map<string, Token>()
  const tokens: Uint8Array[] = []
  const windows = new Map<string, number>()

  const nameOf = (bytes: Uint8Array): Token => {
    const key = toHex(bytes)
    const found = known.get(key)
    if (found) return found
    const token: Token = { token: tokens.length, bytes: bytes.length, shares: sharedBy(bytes) }
    known.set(key, token)
    tokens.push(bytes)
    return token
  }
  const sharedBy = (bytes: Uint8Array): number[] => {
    const shares = new Set<number>()
    if (bytes.length < tokenBytesMin) return []
    const text = Buffer.from(bytes).toString('latin1')
    for (let at = 0; at + windowBytes <= text.length; at += 1) {
      const window = text.slice(at, at + windowBytes)
      const owner = windows.get(window)
      if (owner === undefined) windows.set(window, tokens.length)
      else if (owner !== tokens.length) shares.add(owner)
    }
    return [...shares].sort((left, right) => left - right)
  }
  const toShape = (value: unknown): Shape => {
    if (value instanceof Uint8Array) return nameOf(value)
    if (Array.isArray(value)) return value.map(toShape)
    return typeof value === 'number' ? value : String(value)
  }

  const lines = events.map(({ atMs, connection, what, frame }): Line => {
    const name = connections.get(connection) ?? connections.size
    connections.set(connection, name)
    return [atMs, name, what, frame ? toShape(decodeCbor(frame)) : '']
  })
  return { lines, tokens }
}

export type Difference = { readonly at: string; readonly left: string; readonly right: string }

/** Where two tellings differ in what is no random value: order, times, sizes, numbers, and which values are the same. */
export const compareShapes = (left: Transcript, right: Transcript): Difference | undefined => {
  for (let at = 0; at < Math.max(left.lines.length, right.lines.length); at += 1) {
    const [one, other] = [left.lines[at], right.lines[at]].map((line) => (line ? JSON.stringify(line) : 'nothing'))
    if (one !== other) return { at: `line ${at}`, left: one as string, right: other as string }
  }
  return undefined
}

/**
 * Where two worlds differ in values, each told several times with other keys and random numbers, all in one shape. What is equal in all tellings of
 * a world is no random value but a mark, and is compared as it is.
 */
export const compareMarks = (left: readonly Transcript[], right: readonly Transcript[]): Difference | undefined => {
  const [marks, others] = [marksOf(left), marksOf(right)]
  for (const [token, mark] of marks.entries())
    if (mark !== others[token])
      return {
        at: `bytes of value ${token}, first seen in line ${firstLineOf(left, token)}`,
        left: mark,
        right: others[token] ?? '',
      }
  return undefined
}

/** Each value's bytes where all tellings agree, in hex, and dots elsewhere. */
const marksOf = (tellings: readonly Transcript[]): string[] => {
  const [first, ...more] = tellings
  return (first?.tokens ?? []).map((bytes, token) =>
    Array.from(bytes, (byte, at) =>
      more.every(({ tokens }) => tokens[token]?.[at] === byte) ? byte.toString(16).padStart(2, '0') : '..',
    ).join(''),
  )
}

const firstLineOf = ([first]: readonly Transcript[], token: number): number =>
  first?.lines.findIndex((line) => JSON.stringify(line).includes(`{"token":${token},`)) ?? -1
