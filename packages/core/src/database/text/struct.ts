/** Encodes structs of a session's own document, a long typed run in pieces. */
import * as Y from 'yjs'
import { textRunUnitsMax } from '../../limits/index.ts'

/** `length` clocks from `clock` on, `offset` clocks into `struct`. */
export type StructPiece = {
  readonly struct: Y.Item | Y.GC
  readonly clock: number
  readonly offset: number
  readonly length: number
}

/** A struct from `offset` on, cut so that no piece of a string is longer than an op can hold and no surrogate pair is cut. */
export function piecesOf(struct: Y.Item | Y.GC, offset: number): StructPiece[] {
  const pieces: StructPiece[] = []
  const run = struct instanceof Y.Item && struct.content instanceof Y.ContentString ? struct.content.str : undefined
  for (let at = offset; at < struct.length; ) {
    let length = struct.length - at
    if (run !== undefined && length > textRunUnitsMax) {
      const last = run.charCodeAt(at + textRunUnitsMax - 1)
      length = last >= 0xd800 && last <= 0xdbff ? textRunUnitsMax - 1 : textRunUnitsMax
    }
    pieces.push({ struct, clock: struct.id.clock + at, offset: at, length })
    at += length
  }
  return pieces
}

/** One struct in Yjs' v1 encoding, without its id. */
export function encodeStruct({ struct, offset, length }: StructPiece): Uint8Array {
  const encoder = new Y.UpdateEncoderV1()
  if (struct instanceof Y.Item && struct.content instanceof Y.ContentString && offset + length < struct.length) {
    const { id, origin, rightOrigin, parent, parentSub, content } = struct
    const left = offset > 0 ? Y.createID(id.client, id.clock + offset - 1) : origin
    const text = new Y.ContentString(content.str.slice(offset, offset + length))
    new Y.Item(Y.createID(id.client, id.clock + offset), null, left, null, rightOrigin, parent, parentSub, text).write(
      encoder,
      0,
    )
  } else struct.write(encoder, offset)
  return encoder.toUint8Array()
}
