import { fromBase32, KithError, toBase32 } from '../bytes/index.ts'
import type { CborValue } from '../bytes/index.ts'
import { createOpIdTexts, keyedRowId, type Op, opCodes } from '../change/index.ts'
import { changeOpsMax, setElementsMax } from '../limits/index.ts'
import type { CompiledRecord, CompiledTable, Rows, TablePlace } from '../database/index.ts'
import type { Hashing } from '../ports/index.ts'
import { type BoundTable, rowIdBytes, type SetChange, type SetElement } from '../schema/index.ts'
import { createLensWrites } from './lens-writes.ts'
import { createRecorded } from './recorded.ts'

/**
 * Turns what an app writes into the ops of one change: values checked and encoded, runs of like inserts joined into one
 * op by columns, references to rows of the same change by index.
 */
export type Recorder = {
  readonly insert: (table: string, row: object) => string
  /** `kept`: newer columns that are given for the sake of a lens alone. */
  readonly upsert: (table: string, row: object, kept?: readonly string[]) => string
  readonly update: (table: string, id: string, values: object, kept?: readonly string[]) => void
  readonly delete: (table: string, id: string) => void
  readonly restore: (table: string, id: string) => void
  /** Returns its op index. */
  readonly push: (op: Op) => number
  /** The ops recorded, in order. */
  readonly ops: () => Op[]
}

export type RecorderInput = {
  readonly record: CompiledRecord
  readonly bind: (table: string) => BoundTable
  readonly space: { readonly n: number; readonly id: Uint8Array }
  readonly crypto: Hashing
  readonly rows: Rows
  readonly opId: (index: number) => Uint8Array
}

/** Rows being joined into one insert or upsert op; their values by column. */
type Run = { code: 0 | 1; table: number; columns: readonly number[]; rows: number; values: CborValue[][] }

/** A bound table and what is asked of it for every row. */
type Bound = { readonly table: BoundTable /** Whether any column is a reference. */; readonly hasRefs: boolean }

export const createRecorder = ({ record, bind: bindTable, space, crypto, rows, opId }: RecorderInput): Recorder => {
  const ops: Op[] = []
  const bound = new Map<string, Bound>()
  let run: Run | undefined
  let count = 0
  /** Ranges of op indexes that are inserts: from, to, from, to, … */
  const inserted: number[] = []
  /** Ids of the keyed rows that this change makes. */
  const upserted = new Set<string>()
  const recorded = createRecorded()
  /** Ids of one change differ in their last two bytes only. */
  const anyId = opId(0)
  const idText = createOpIdTexts(anyId)

  const bindOnce = (name: string): Bound => {
    let found = bound.get(name)
    if (!found) {
      const table = bindTable(name)
      bound.set(name, (found = { table, hasRefs: table.record.columns.some(({ type }) => type === 'ref') }))
    }
    return found
  }
  const bind = (name: string): BoundTable => bindOnce(name).table
  const place = (bound: BoundTable): TablePlace => ({ space: space.n, app: record.app, table: tableOf(bound) })
  const tableOf = (bound: BoundTable): CompiledTable => record.tables[bound.index] as CompiledTable

  /** The op index of the insert of this change that makes the row, if one does. */
  const insertIndex = (id: Uint8Array): number | undefined => {
    for (let at = 0; at < 14; at += 1) if (id[at] !== anyId[at]) return undefined
    const index = ((id[14] as number) << 8) | (id[15] as number)
    let low = 0
    let high = inserted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((inserted[middle] as number) <= index) low = middle + 1
      else high = middle
    }
    return low % 2 === 1 ? index : undefined
  }
  const close = (): void => {
    if (!run) return
    const { code, table, columns, rows: joined, values } = run
    ops.push([code, table, columns, joined, ([] as CborValue[]).concat(...values)] as Op)
    run = undefined
  }
  const take = (): number => {
    if (count >= changeOpsMax)
      throw new KithError('too-large', `One transaction writes at most ${changeOpsMax} rows. Use several.`)
    count += 1
    return count - 1
  }
  const pushRow = (code: 0 | 1, table: number, columns: readonly number[], values: CborValue[]): number => {
    const index = take()
    // Rows without any value are not joined: thousands of them in no bytes would be refused.
    const isLike = run?.code === code && run.table === table && columns.length > 0 && sameColumns(run.columns, columns)
    if (!run || !isLike) {
      close()
      run = { code, table, columns, rows: 0, values: columns.map(() => []) }
    }
    run.rows += 1
    for (let column = 0; column < columns.length; column += 1)
      (run.values[column] as CborValue[]).push(values[column] as CborValue)
    return index
  }
  const push = (op: Op): number => {
    close()
    const index = take()
    ops.push(op)
    return index
  }

  /** References to rows of this change by index; to others only where the row is here. */
  const refer = (bound: BoundTable, columns: readonly number[], values: CborValue[]): void => {
    for (let at = 0; at < columns.length; at += 1) {
      const column = bound.record.columns[columns[at] as number]
      if (column?.type !== 'ref' || values[at] === null) continue
      const target = record.tables.find(({ id }) => id === column.target)
      const id = values[at] as Uint8Array
      const index = insertIndex(id)
      if (index !== undefined) values[at] = index
      else if (upserted.size > 0 && upserted.has(toBase32(id))) continue
      else if (!target || !rows.base({ space: space.n, app: record.app, table: target }, id)) {
        throw new KithError(
          'dangling-reference',
          `${bound.name}.${column.name} names a row of ${target?.name ?? column.target} that is not here. Insert that row first.`,
          {
            table: bound.name,
            column: column.name,
          },
        )
      }
    }
  }

  const rowOf = (bound: BoundTable, id: string): Uint8Array | number => {
    const bytes = toRowId(id)
    const index = insertIndex(bytes)
    if (index !== undefined) return index
    if (!upserted.has(id) && !rows.base(place(bound), bytes))
      throw new KithError('not-found', `${bound.name} has no row ${id} here.`, { table: bound.name })
    return bytes
  }

  const lensed = createLensWrites((bound, id) => ({ at: place(bound), id: toRowId(id), rows }))

  /** Its id follows from its key, which no lens touches: so it is known before the rest is. */
  const upsertThrough = (bound: BoundTable, table: CompiledTable, row: object, kept: readonly string[] | undefined) => {
    const first = bound.upsertToWire(row)
    const id = toBase32(
      keyedRowId(
        crypto,
        space.id,
        table.id,
        table.key.map((key) => first.values[first.columns.indexOf(key)] as CborValue),
      ),
    )
    const isHere = upserted.has(id) || rows.base(place(bound), toRowId(id)) !== undefined
    const through = lensed.writing(bound, isHere ? id : undefined, kept)
    const written = bound.upsertToWire(row, through.write)
    through.made(id)
    return written
  }

  const cellName = (bound: BoundTable, column: number, id: string): string => `${bound.index}/${column}/${id}`

  /** Takes back all deletes of a row that this device knows of, those of this change included. */
  const restoreDeletes = (bound: BoundTable, id: string, row: Uint8Array | number): void => {
    const stored = typeof row === 'number' ? [] : rows.deletesOf(place(bound), row)
    const deletes = [...stored, ...recorded.deletesOf(`${bound.index}/${id}`)]
    if (deletes.length > 0) push([opCodes.restore, bound.index, row, deletes])
  }

  /** A removal names the additions that it has seen: of a row that this change inserts, the insert's. */
  const setToWire = (
    bound: BoundTable,
    column: number,
    row: Uint8Array | number,
    id: string,
    { added, removed }: SetChange,
  ): CborValue => {
    const stored =
      removed.length > 0 && typeof row !== 'number'
        ? rows.additionsOf(place(bound), row, tableOf(bound).columns[column] as CompiledTable['columns'][number])
        : new Map<SetElement, Uint8Array[]>()
    const initial = typeof row === 'number' ? [opId(row)] : []
    const parts: CborValue[] = []
    for (const element of removed) {
      const own = recorded.additionsOf(cellName(bound, column, id), element)
      const ids = [...(stored.get(element) ?? initial), ...own]
      for (let at = 0; at < ids.length; at += setElementsMax) parts.push([element, ids.slice(at, at + setElementsMax)])
    }
    if (parts.length > setElementsMax)
      throw new KithError('too-large', `One update of a set removes at most ${setElementsMax} elements. Use several.`)
    return [[...added], parts]
  }

  return {
    insert: (name, row) => {
      const { table: bound, hasRefs } = bindOnce(name)
      if (bound.record.key.length > 0)
        throw new KithError('bad-value', `${name} is keyed: use upsert, which inserts or updates.`, { table: name })
      const through = bound.lenses.length > 0 ? lensed.writing(bound, undefined, undefined) : undefined
      const values = bound.insertToWire(row, through?.write)
      if (hasRefs) refer(bound, bound.insertColumns, values)
      const index = pushRow(opCodes.insert, bound.index, bound.insertColumns, values)
      through?.made(idText(index))
      if (inserted.at(-1) === index) inserted[inserted.length - 1] = index + 1
      else inserted.push(index, index + 1)
      return idText(index)
    },
    upsert: (name, row, kept) => {
      const bound = bind(name)
      const table = tableOf(bound)
      if (!table.isKeyed)
        throw new KithError('bad-value', `${name} has no key: use insert, or give the table a key.`, { table: name })
      const { columns, values } =
        bound.lenses.length > 0 ? upsertThrough(bound, table, row, kept) : bound.upsertToWire(row)
      // Before references become indexes: the id derives from the ids of the rows.
      const id = keyedRowId(
        crypto,
        space.id,
        table.id,
        table.key.map((key) => values[columns.indexOf(key)] as CborValue),
      )
      refer(bound, columns, values)
      const index = pushRow(opCodes.upsert, bound.index, columns, values)
      const text = toBase32(id)
      for (const [at, column] of columns.entries()) {
        if (table.columns[column]?.kind === 'set')
          recorded.added(cellName(bound, column, text), values[at] as unknown as SetElement[], opId(index))
      }
      restoreDeletes(bound, text, id)
      upserted.add(text)
      return text
    },
    update: (name, id, values, kept) => {
      const bound = bind(name)
      const row = rowOf(bound, id)
      const through = bound.lenses.length > 0 ? lensed.writing(bound, id, kept) : undefined
      const cells: CborValue[] = []
      const added: [column: number, elements: readonly SetElement[]][] = []
      for (const { column, value, set } of bound.updateToWire(values, through?.write)) {
        const wire = [value as CborValue]
        if (set) wire[0] = setToWire(bound, column, row, id, set)
        else refer(bound, [column], wire)
        cells.push(column, wire[0] as CborValue)
        if (set) added.push([column, set.added])
      }
      if (cells.length === 0) return
      const index = push([opCodes.update, bound.index, row, cells])
      for (const [column, elements] of added) recorded.added(cellName(bound, column, id), elements, opId(index))
    },
    delete: (name, id) => {
      const bound = bind(name)
      const index = push([opCodes.delete, bound.index, rowOf(bound, id)])
      recorded.deleted(`${bound.index}/${id}`, opId(index))
    },
    restore: (name, id) => {
      const bound = bind(name)
      restoreDeletes(bound, id, rowOf(bound, id))
    },
    push,
    ops: () => {
      close()
      return ops
    },
  }
}

const sameColumns = (left: readonly number[], right: readonly number[]): boolean =>
  left === right || (left.length === right.length && left.every((column, index) => column === right[index]))

/** @throws KithError `bad-value` for what is no row id. */
export const toRowId = (id: string): Uint8Array => {
  if (typeof id === 'string' && id.length === 26) {
    try {
      const bytes = fromBase32(id)
      if (bytes.length === rowIdBytes) return bytes
    } catch {
      // Said below.
    }
  }
  throw new KithError('bad-value', 'A row id is 26 characters of base32hex, as insert returns it.')
}
