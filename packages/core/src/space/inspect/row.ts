import { equalBytes, ifUsable, toBase32 } from '../../bytes/index.ts'
import { kinds } from '../../change/index.ts'
import type { CompiledRecord, CompiledTable } from '../../database/index.ts'
import { decodeSchema } from '../../membership/index.ts'
import type { App } from '../../schema/index.ts'
import type { Engine } from '../engine.ts'
import { toRowId } from '../recorder.ts'
import type { Replica } from '../replica.ts'
import type { InspectedChange, InspectedHub, RowReport } from './api.ts'
import type { ChangeViews } from './change-view.ts'
import { numbersWithoutEffect } from './log.ts'
import { whatMayBeMissing } from './missing.ts'
import { rowToText } from './row-text.ts'

export type ExplainRowInput = {
  readonly engine: Engine
  readonly replica: Replica
  readonly hubs: readonly InspectedHub[]
  /** The app that was opened for the space, if one was. */
  readonly app: App | undefined
  readonly views: ChangeViews
  readonly row: string
}

type Found = Pick<RowReport, 'state' | 'table' | 'made' | 'deletes' | 'hiddenBy'>

/** @throws KithError `bad-value`. */
export const explainRow = (input: ExplainRowInput): RowReport => {
  const id = toRowId(input.row)
  const withoutEffect = findWithoutEffect(input, id)
  const found = findShown(input, id) ?? findMaker(withoutEffect) ?? findOrphan(input, id) ?? nothing
  const report = {
    id: input.row,
    ...found,
    withoutEffect: withoutEffect.map(({ change }) => change).filter(({ change }) => change !== found.made?.change),
    mayBeMissing: whatMayBeMissing(input.engine, input.replica, input.hubs),
  }
  return { ...report, text: rowToText(report) }
}

const nothing: Found = { state: 'not here', table: undefined, made: undefined, deletes: [], hiddenBy: undefined }

/** The row as the database has it, whether queries show it or not. */
const findShown = ({ engine, replica, app, views }: ExplainRowInput, id: Uint8Array): Found | undefined => {
  const { rows, cells } = engine.store()
  const space = replica.entry.n
  for (const { record, table } of everyTable(engine, replica)) {
    const at = { space, app: record.app, table }
    const base = rows.base(at, id)
    if (!base) continue
    const made = views.ofContent(base.change)
    const found = { table: table.name, made, deletes: [], hiddenBy: undefined }
    const standing = rows.deletesOf(at, id)
    if (standing.length > 0) {
      const deletes = cells
        .all(rows.showing.placeOf(at, id, undefined))
        .filter(({ value }) => value instanceof Uint8Array && standing.some((one) => equalBytes(one, value)))
        .map(({ change }) => views.ofContent(change))
      return { ...found, state: 'deleted', deletes }
    }
    const hiddenBy = findHiding(engine, space, record, table, id, [table.id])
    if (hiddenBy) return { ...found, state: 'hidden by another row', hiddenBy }
    const isKnown = app === undefined || app.record.tables.some((declared) => declared.id === table.id)
    return { ...found, state: isKnown ? 'shown' : 'table unknown to the app' }
  }
  return undefined
}

/** The tables of all schemas that were ever published in the space: a row may lie in one that the newest gave up. */
function* everyTable(
  engine: Engine,
  { changes, membership }: Replica,
): Generator<{ readonly record: CompiledRecord; readonly table: CompiledTable }> {
  const seen = new Set<string>()
  const newestFirst = changes()
    .filter(({ header, hash }) => header.kind === kinds.schema && membership.verdictOf(hash) === 'applied')
    .flatMap(({ body }) => {
      const bytes = body && ifUsable(() => decodeSchema(body))?.record
      const record = bytes && engine.store().records.get(bytes, membership.app() ?? '')
      return record ? [record] : []
    })
    .sort((left, right) => right.record.version - left.record.version)
  for (const record of newestFirst) {
    for (const table of record.tables) {
      if (seen.has(table.physical)) continue
      seen.add(table.physical)
      yield { record, table }
    }
  }
}

/** The row by whose deletion an `onDelete('hide')` reference hides this one; each table is entered once, as queries do. */
const findHiding = (
  engine: Engine,
  space: number,
  record: CompiledRecord,
  table: CompiledTable,
  id: Uint8Array,
  path: readonly string[],
): RowReport['hiddenBy'] => {
  const { rows } = engine.store()
  const declared = record.record.tables[table.index]
  for (const [index, column] of table.columns.entries()) {
    const reference = declared?.columns[index]
    if (column.kind !== 'ref' || reference?.onDelete !== 'hide') continue
    const target = record.tables.find((other) => other.id === reference.target)
    const named = rows.showing.read({ space, app: record.app, table }, id, column)
    if (!target || !(named instanceof Uint8Array)) continue
    const at = { space, app: record.app, table: target }
    if (!rows.base(at, named)) continue
    if (rows.deletesOf(at, named).length > 0) return { table: target.name, row: toBase32(named) }
    const deeper = path.includes(target.id)
      ? undefined
      : findHiding(engine, space, record, target, named, [...path, target.id])
    if (deeper) return deeper
  }
  return undefined
}

type WithoutEffect = { readonly change: InspectedChange; readonly makes: string | undefined }

/** Changes to the row that are held back or wait. `makes`: the table in which they would make it. */
const findWithoutEffect = ({ engine, replica, views }: ExplainRowInput, id: Uint8Array): WithoutEffect[] =>
  numbersWithoutEffect(engine, replica).flatMap((number) => {
    const writes = views.writesTo(engine.store().history.change(number), id)
    if (writes.length === 0) return []
    const makes = writes.find(({ action }) => action === 'insert' || action === 'upsert')?.table
    return [{ change: views.ofContent(number), makes }]
  })

const findMaker = (changes: readonly WithoutEffect[]): Found | undefined => {
  const maker = changes.find(({ makes }) => makes !== undefined)
  if (!maker) return undefined
  const state = maker.change.state === 'waiting' ? 'waiting' : 'held back'
  return { ...nothing, state, table: maker.makes, made: maker.change }
}

/** Something was written to the row, or waits for it, and it is not here. */
const findOrphan = ({ engine, replica }: ExplainRowInput, id: Uint8Array): Found | undefined => {
  const { registry, cells } = engine.store()
  const orphan = engine.statements('SELECT tbl FROM orphan WHERE space = ? AND row = ?').get(replica.entry.n, id)
  const column = (orphan?.tbl as number | undefined) ?? cells.columnsOf(replica.entry.n, id)[0]
  return column === undefined
    ? undefined
    : { ...nothing, state: 'without its insert', table: registry.columnOf(column).table }
}
