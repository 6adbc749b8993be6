import { fromBase32, KithError, toBase32 } from '../bytes/index.ts'
import type { CborValue } from '../bytes/index.ts'
import { keyedRowId, type Op, opCodes } from '../change/index.ts'
import { changeOpsMax } from '../limits/index.ts'
import type { CompiledRecord, CompiledTable, Rows, TablePlace } from '../database/index.ts'
import type { Hashing } from '../ports/index.ts'
import { type BoundTable, rowIdBytes } from '../schema/index.ts'

/**
 * Turns what an app writes into the ops of one change: values checked and encoded, runs of like inserts joined into one
 * op by columns, references to rows of the same change by index.
 */
export type Recorder = {
  readonly insert: (table: string, row: object) => string
  readonly upsert: (table: string, row: object) => string
  readonly update: (table: string, id: string, values: object) => void
  readonly delete: (table: string, id: string) => void
  readonly restore: (table: string, id: string) => void
  readonly push: (op: Op) => void
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
  /** Ids of one change differ in their last two bytes only: one buffer serves all that are just read. */
  const scratch = opId(0)

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
    for (let at = 0; at < 14; at += 1) if (id[at] !== scratch[at]) return undefined
    const index = ((id[14] as number) << 8) | (id[15] as number)
    for (let at = 0; at < inserted.length; at += 2) {
      if (index >= (inserted[at] as number) && index < (inserted[at + 1] as number)) return index
    }
    return undefined
  }
  const close = (): void => {
    if (!run) return
    const { code, table, columns, rows: recorded, values } = run
    ops.push([code, table, columns, recorded, ([] as CborValue[]).concat(...values)] as Op)
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
    if (!run || run.code !== code || run.table !== table || !sameColumns(run.columns, columns)) {
      close()
      run = { code, table, columns, rows: 0, values: columns.map(() => []) }
    }
    run.rows += 1
    for (let column = 0; column < columns.length; column += 1)
      (run.values[column] as CborValue[]).push(values[column] as CborValue)
    return index
  }
  const push = (op: Op): void => {
    close()
    take()
    ops.push(op)
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

  return {
    insert: (name, row) => {
      const { table: bound, hasRefs } = bindOnce(name)
      if (bound.record.key.length > 0)
        throw new KithError('bad-value', `${name} is keyed: use upsert, which inserts or updates.`, { table: name })
      const values = bound.insertToWire(row)
      if (hasRefs) refer(bound, bound.insertColumns, values)
      const index = pushRow(opCodes.insert, bound.index, bound.insertColumns, values)
      if (inserted.at(-1) === index) inserted[inserted.length - 1] = index + 1
      else inserted.push(index, index + 1)
      scratch[14] = index >>> 8
      scratch[15] = index
      return toBase32(scratch)
    },
    upsert: (name, row) => {
      const bound = bind(name)
      const table = tableOf(bound)
      if (!table.isKeyed)
        throw new KithError('bad-value', `${name} has no key: use insert, or give the table a key.`, { table: name })
      const { columns, values } = bound.upsertToWire(row)
      // Before references become indexes: the id derives from the ids of the rows.
      const id = keyedRowId(
        crypto,
        space.id,
        table.id,
        table.key.map((key) => values[columns.indexOf(key)] as CborValue),
      )
      refer(bound, columns, values)
      pushRow(opCodes.upsert, bound.index, columns, values)
      const deletes = rows.deletesOf(place(bound), id)
      if (deletes.length > 0) push([opCodes.restore, bound.index, id, deletes])
      upserted.add(toBase32(id))
      return toBase32(id)
    },
    update: (name, id, values) => {
      const bound = bind(name)
      const row = rowOf(bound, id)
      const cells: CborValue[] = []
      for (const { column, value, set } of bound.updateToWire(values)) {
        const wire = [value as CborValue]
        if (set) {
          const additions =
            set.removed.length > 0 && typeof row !== 'number'
              ? rows.additionsOf(place(bound), row, tableOf(bound).columns[column] as CompiledTable['columns'][number])
              : new Map<string | number, Uint8Array[]>()
          const initial = typeof row === 'number' ? [opId(row)] : []
          wire[0] = [
            [...set.added],
            set.removed.map((element) => [element, additions.get(element) ?? initial]),
          ] as unknown as CborValue
        } else refer(bound, [column], wire)
        cells.push(column, wire[0] as CborValue)
      }
      if (cells.length > 0) push([opCodes.update, bound.index, row, cells])
    },
    delete: (name, id) => {
      const bound = bind(name)
      push([opCodes.delete, bound.index, rowOf(bound, id)])
    },
    restore: (name, id) => {
      const bound = bind(name)
      const row = toRowId(id)
      const deletes = rows.deletesOf(place(bound), row)
      if (deletes.length === 0 && !rows.base(place(bound), row))
        throw new KithError('not-found', `${name} has no row ${id} here.`, { table: name })
      if (deletes.length > 0) push([opCodes.restore, bound.index, row, deletes])
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
