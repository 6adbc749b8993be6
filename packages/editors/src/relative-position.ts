import type * as Y from 'yjs'

/** A place in a text that moves with it, as plain JSON: what both editors' bindings read. */
export type PlacePosition = {
  readonly type: PositionId | null
  readonly tname: string | null
  readonly item: PositionId | null
  readonly assoc: number
}

type PositionId = { readonly client: number; readonly clock: number }

/** A cursor: where a selection began, and where it is. */
export type PlaceCursor = { readonly anchor: PlacePosition; readonly head: PlacePosition }

export const positionToJson = ({ type, tname, item, assoc }: Y.RelativePosition): PlacePosition => ({
  type: type && { client: type.client, clock: type.clock },
  tname,
  item: item && { client: item.client, clock: item.clock },
  assoc,
})

/** Reads a cursor that somebody else's program says it has; undefined for what is none. `root`: the name of the one type it may be in. */
export const readCursor = (value: unknown, root: string): PlaceCursor | undefined => {
  if (!isObject(value)) return undefined
  const [anchor, head] = [readPosition(value['anchor'], root), readPosition(value['head'], root)]
  return anchor && head ? { anchor, head } : undefined
}

/** Yjs would make a type of whatever name it is asked for, and does not check numbers. */
const readPosition = (value: unknown, root: string): PlacePosition | undefined => {
  if (!isObject(value)) return undefined
  const { type = null, tname = null, item = null, assoc = 0 } = value
  const isRoot = tname === null || tname === root
  if (!isRoot || !isIdOrNull(type) || !isIdOrNull(item) || (assoc !== 0 && assoc !== -1)) return undefined
  return type === null && item === null && tname === null ? undefined : { type, tname, item, assoc }
}

const isIdOrNull = (value: unknown): value is PositionId | null =>
  value === null || (isObject(value) && isCount(value['client']) && isCount(value['clock']))

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null
