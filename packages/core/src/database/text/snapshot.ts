/** A text in the form it is cached in: what a restart continues from, without its ops. Local only; never sent. */
import * as Y from 'yjs'
import { type CborValue, decodeCbor, encodeCbor, KithError } from '../../bytes/index.ts'
import type { Branch, Claims } from './claims.ts'
import type { Alias } from './document.ts'
import type { TextOp, TextPosition } from './op.ts'

/** Raised with every change of the form: an older snapshot is then thrown away and the text rebuilt from its ops. */
const snapshotVersion = 1

export type TextSnapshot = {
  readonly update: Uint8Array
  readonly claims: Claims
  readonly aliases: readonly Alias[]
  readonly hidesTypes: boolean
  /** Ops that are known and not in the document: late neighbours. */
  readonly waiting: readonly TextOp[]
}

export function encodeSnapshot(snapshot: TextSnapshot): Uint8Array {
  const devices = new Map<string, [number, Uint8Array]>()
  const deviceIndex = (device: Uint8Array): number => {
    const name = String.fromCharCode(...device)
    const known = devices.get(name)
    if (known !== undefined) return known[0]
    devices.set(name, [devices.size, device])
    return devices.size - 1
  }
  const claims = [...snapshot.claims].map(([client, branches]) => [
    client,
    branches.map((branch) => {
      return [
        branch.effective,
        branch.parent ?? null,
        branch.start,
        branch.end,
        toPosition(branch.tip, deviceIndex),
        branch.ops.map(({ end, at }) => [end, toPosition(at, deviceIndex)]),
      ]
    }),
  ])
  const waiting = snapshot.waiting.map((op) => [
    toPosition(op, deviceIndex),
    op.verdict === 'void',
    op.salt,
    op.structs,
    op.deletes,
  ])
  const aliases = snapshot.aliases.map(({ client, start, end, origin, parent, key }) => [
    client,
    start,
    end,
    fromId(origin),
    typeof parent === 'string' ? parent : fromId(parent),
    key,
  ])
  const deviceList = [...devices.values()].map(([, device]) => device)
  return encodeCbor([
    snapshotVersion,
    snapshot.update,
    deviceList,
    claims,
    aliases,
    snapshot.hidesTypes,
    waiting,
  ] as CborValue)
}

/** Throws `KithError('bad-encoding')` for a snapshot of another version: rebuild the text from its ops. */
export function decodeSnapshot(bytes: Uint8Array): TextSnapshot {
  const fields = decodeCbor(bytes)
  if (!Array.isArray(fields) || fields[0] !== snapshotVersion)
    throw new KithError('bad-encoding', 'A text snapshot is of another version. Rebuild the text from its ops.')
  // Our own cache, written by the function above: past its version it is trusted, like every other row of the database.
  const [, update, devices, claims, aliases, hidesTypes, waiting] = fields as unknown as [
    number,
    Uint8Array,
    Uint8Array[],
    [number, [number, number | null, number, number, PositionFields, [number, PositionFields][]][]][],
    [number, number, number, IdFields, string | [number, number], string][],
    boolean,
    [PositionFields, boolean, Uint8Array | null, Uint8Array, Uint8Array][],
  ]
  const position = ([device, change, seq, index]: PositionFields): TextPosition => {
    return { device: devices[device]!, change, seq, index }
  }
  return {
    update,
    claims: new Map(
      claims.map(([client, branches]) => [
        client,
        branches.map(([effective, parent, start, end, at, ops]): Branch => {
          const tip = position(at)
          const branchOps = ops.map(([opEnd, opAt]) => ({ end: opEnd, at: position(opAt) }))
          return { effective, parent: parent ?? undefined, start, end, tip, integrated: tip, ops: branchOps }
        }),
      ]),
    ),
    aliases: aliases.map(([client, start, end, origin, parent, key]) => {
      return {
        client,
        start,
        end,
        origin: toId(origin),
        parent: typeof parent === 'string' ? parent : toId(parent)!,
        key,
      }
    }),
    hidesTypes,
    waiting: waiting.map(([at, isVoid, salt, structs, deletes]) => {
      return { ...position(at), verdict: isVoid ? 'void' : 'applied', salt, structs, deletes }
    }),
  }
}

type PositionFields = [device: number, change: Uint8Array, seq: number, index: number]
type IdFields = [client: number, clock: number] | null

function toPosition(
  { device, change, seq, index }: TextPosition,
  deviceIndex: (device: Uint8Array) => number,
): PositionFields {
  return [deviceIndex(device), change, seq, index]
}

function fromId(id: Y.ID | null): IdFields {
  return id === null ? null : [id.client, id.clock]
}

function toId(fields: IdFields): Y.ID | null {
  return fields === null ? null : Y.createID(fields[0], fields[1])
}
