/** What passes between processes as bytes. Whatever is not exactly that is nothing. */
import { decodeCbor, encodeCbor, fromHex, KithError, toHex } from '@kith/core/bytes'
import type { Lane } from '@kith/core/wire'
import type { FanOutEvent } from '../fan-out.ts'

const kinds = { entries: 0, signal: 1, news: 2 } as const

/** Of a connection, as `Session.id`; and of a listener's name. */
const nameBytes = 16

export function eventToBytes(event: FanOutEvent): Uint8Array {
  switch (event.kind) {
    case 'entries':
      return encodeCbor([kinds.entries, event.lane, event.first, event.last, fromHex(event.from), event.frame])
    case 'signal':
      return encodeCbor([
        kinds.signal,
        event.to === undefined ? new Uint8Array(0) : fromHex(event.to),
        fromHex(event.from),
        event.frame,
      ])
    case 'news':
      return encodeCbor([kinds.news, event.lane, event.last])
  }
}

/** Undefined for what is no event. */
export function bytesToEvent(bytes: Uint8Array): FanOutEvent | undefined {
  try {
    const list = decodeCbor(bytes)
    return Array.isArray(list) ? listToEvent(list) : undefined
  } catch (cause) {
    if (cause instanceof KithError) return undefined
    throw cause
  }
}

function listToEvent(list: readonly unknown[]): FanOutEvent | undefined {
  const [kind, ...fields] = list
  if (kind === kinds.entries && fields.length === 5) {
    const [lane, first, last, from, frame] = fields
    if (!isLane(lane) || !isNumber(first) || !isNumber(last) || last < first || !isName(from) || !isBytes(frame)) return
    return { kind: 'entries', lane, first, last, from: toHex(from), frame }
  }
  if (kind === kinds.signal && fields.length === 3) {
    const [to, from, frame] = fields
    if (!isBytes(to) || (to.length > 0 && !isName(to)) || !isName(from) || !isBytes(frame)) return
    return { kind: 'signal', to: to.length === 0 ? undefined : toHex(to), from: toHex(from), frame }
  }
  if (kind === kinds.news && fields.length === 2) {
    const [lane, last] = fields
    if (isLane(lane) && isNumber(last)) return { kind: 'news', lane, last }
  }
  return
}

const isLane = (value: unknown): value is Lane => value === 0 || value === 1 || value === 2 || value === 3
const isNumber = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array
const isName = (value: unknown): value is Uint8Array => isBytes(value) && value.length === nameBytes
