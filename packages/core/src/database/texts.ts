import { type CborValue, decodeCbor, encodeCbor } from '../bytes/index.ts'
import { type Change, timeToBytes } from '../change/index.ts'
import type { Crypto } from '../ports/index.ts'
import type { Cells } from './cells.ts'
import { type CompiledColumn, keyToColumn, type StoredColumn, tableToPhysical } from './compiled.ts'
import type { History } from './history.ts'
import type { Registry } from './registry.ts'
import type { Rows } from './rows.ts'
import type { StoredPlace, TablePlace } from './showing.ts'
import type { Statements } from './statements.ts'
import { createTextState, type TextOp, type TextState } from './text/index.ts'

/** One text op with its verdict. `salt`, `structs`, `deletes` as on the wire. */
export type TextWrite = {
  readonly change: Change
  readonly number: number
  readonly op: number
  readonly salt: Uint8Array | null
  readonly structs: Uint8Array
  readonly deletes: Uint8Array
  readonly isVoid: boolean
}

/** The rich texts of all spaces: their ops as cells, their documents in memory while they are used. */
export type Texts = {
  readonly write: (at: TablePlace, row: Uint8Array, column: number, write: TextWrite) => void
  /** Ops of a text were taken back, or their verdict turned: it is built anew from the others. */
  readonly retracted: (at: TablePlace, row: Uint8Array, column: number) => void
  /** Shows the plain text of what was written since the last call: once for many ops. */
  readonly flush: () => void
  /** Shows a text of a row that has just come, after ops on it. */
  readonly show: (at: StoredPlace, row: Uint8Array, column: StoredColumn) => void
  /** The document of a text, kept in memory until `release`. */
  readonly hold: (
    at: TablePlace,
    row: Uint8Array,
    column: number,
  ) => { readonly state: TextState; readonly release: () => void }
  /** Call before the ops of a space are deleted and written anew, and after that the function returned. */
  readonly rebuild: (space: number) => () => void
  /**
   * A chain has branched, or a gap in it was filled: which of its changes rest on which is known better now. What its device typed
   * may stand elsewhere, and its open sessions begin anew. Call when everything that came is written.
   */
  readonly branched: (space: number, chain: number) => void
  /** Part of every commit: long texts are saved whole, so that opening one need not replay its ops. */
  readonly save: () => void
}

export type TextsInput = {
  readonly statements: Statements
  readonly registry: Registry
  readonly history: History
  readonly cells: Cells
  readonly crypto: Crypto
  readonly show: Rows['show']
  /** Shows nothing, where the row is here. */
  readonly unshow: (at: StoredPlace, row: Uint8Array, column: StoredColumn) => void
}

type Open = {
  readonly at: StoredPlace
  readonly row: Uint8Array
  readonly column: StoredColumn
  /** Of its column; 0 before anybody has typed in one. */
  number: number
  readonly state: TextState
  holders: number
  unsaved: number
  /** Ops that the state is yet to take in. */
  fresh: TextOp[]
  /** The state has ops that are gone, or with another verdict. */
  isStale: boolean
}

/** Documents kept in memory besides those that are open in an editor. */
const keptMax = 32
/** Ops after which a text is saved whole: about what can be replayed in a few milliseconds. */
const opsBetweenSaves = 500

/** Change numbers go by segments: that of a write is the last one that begins at or before it. */
const textsOfChain = `SELECT DISTINCT c.row AS row, c.col AS n FROM cell AS c JOIN numbered_column AS k ON k.n = c.col
  WHERE c.space = ? AND k.col LIKE '%:richText'
  AND (SELECT s.chain FROM segment AS s WHERE s.change <= c.change ORDER BY s.change DESC LIMIT 1) = ?`

export const createTexts = ({ statements, registry, history, cells, crypto, show, unshow }: TextsInput): Texts => {
  const open = new Map<string, Open>()
  const changed = new Set<Open>()
  /** Texts that lost ops since the last `flush`, by the key of `load`. */
  const retracted = new Map<
    string,
    { readonly at: StoredPlace; readonly row: Uint8Array; readonly column: StoredColumn }
  >()
  const keyOf = (at: StoredPlace, row: Uint8Array, column: StoredColumn): string =>
    `${at.space}/${at.app}/${at.table.id}/${column.key}/${String.fromCharCode(...row)}`

  const toOp = (op: number, change: Change, value: Uint8Array): TextOp => {
    const [salt, structs, deletes, isVoid] = decodeCbor(value) as unknown as [
      Uint8Array | null,
      Uint8Array,
      Uint8Array,
      boolean,
    ]
    const { device, seq } = change.header
    return { salt, structs, deletes, device, change: change.hash, seq, index: op, verdict: isVoid ? 'void' : 'applied' }
  }

  /** The id may be a view of a buffer that serves many rows: what is kept is a copy. */
  const load = (at: StoredPlace, id: Uint8Array, column: StoredColumn): Open => {
    const numberNow = (): number => registry.writtenColumn(at.app, at.table.id, column.key)
    const key = keyOf(at, id, column)
    const known = open.get(key)
    if (known) {
      open.delete(key)
      open.set(key, known)
      return known
    }
    const row = id.slice()
    const storedOps = (from: number): TextOp[] =>
      cells
        .all({ space: at.space, row, column: numberNow() })
        .filter((write) => write.change >= from)
        .map((write) => toOp(write.op, history.change(write.change), write.value as Uint8Array))
    const saved = statements('SELECT through, bytes FROM text_snapshot WHERE space = ? AND row = ? AND col = ?').get(
      at.space,
      row,
      numberNow(),
    )
    const state = createTextState({
      crypto,
      row,
      column: column.id,
      loadOps: () => storedOps(0),
      isAncestor: (earlier, later) => history.isAncestor(at.space, earlier, later),
      ...(saved ? { snapshot: saved.bytes as Uint8Array } : {}),
    })
    if (saved) state.accept(storedOps(saved.through as number))
    const made: Open = {
      at,
      row,
      column,
      number: numberNow(),
      state,
      holders: 0,
      unsaved: 0,
      fresh: [],
      isStale: false,
    }
    open.set(key, made)
    if (open.size > keptMax) {
      for (const [oldest, { holders }] of open) {
        if (holders > 0 || oldest === key) continue
        open.delete(oldest)
        break
      }
    }
    return made
  }

  const hasOps = ({ space, app, table }: StoredPlace, row: Uint8Array, column: StoredColumn): boolean =>
    cells.newest({ space, row, column: registry.writtenColumn(app, table.id, column.key) }) !== undefined

  const showOne = ({ at, row, column, state }: Open): void => show(at, row, column, state.text())

  return {
    write: (at, row, columnIndex, { change, number, op, salt, structs, deletes, isVoid }) => {
      const column = at.table.columns[columnIndex] as CompiledColumn
      const place = { space: at.space, row, column: registry.column(at.app, at.table.id, column.key) }
      const value = encodeCbor([salt, structs, deletes, isVoid] as CborValue)
      // A snapshot stands for all ops of lower numbers. One that has waited comes late: then the snapshot is not whole.
      statements('DELETE FROM text_snapshot WHERE space = ? AND row = ? AND col = ? AND through > ?').run(
        at.space,
        row,
        place.column,
        number,
      )
      cells.add(place, { time: timeToBytes(change.header.time), change: number, op }, value)
      const text = load(at, row, column)
      text.fresh.push(toOp(op, change, value))
      text.number = place.column
      text.unsaved += 1
      changed.add(text)
    },
    retracted: (at, row, columnIndex) => {
      const column = at.table.columns[columnIndex] as CompiledColumn
      const key = keyOf(at, row, column)
      const number = registry.writtenColumn(at.app, at.table.id, column.key)
      statements('DELETE FROM text_snapshot WHERE space = ? AND row = ? AND col = ?').run(at.space, row, number)
      const text = open.get(key)
      if (text) text.isStale = true
      retracted.set(key, { at, row: row.slice(), column })
    },
    flush: () => {
      for (const [key, { at, row, column }] of retracted) {
        if (hasOps(at, row, column)) {
          changed.add(load(at, row, column))
          continue
        }
        // Nobody has typed there: it shows what a row shows that has just been inserted.
        const text = open.get(key)
        if (text) changed.delete(text)
        text?.state.rebuild()
        if (text) text.isStale = false
        unshow(at, row, column)
      }
      retracted.clear()
      for (const text of changed) {
        // All at once: whatever cannot be appended makes one rebuild, not one an op.
        if (text.isStale) text.state.rebuild()
        else text.state.accept(text.fresh)
        text.isStale = false
        text.fresh = []
        showOne(text)
      }
      changed.clear()
    },
    show: (at, row, column) => showOne(load(at, row, column)),
    hold: (at, row, columnIndex) => {
      const text = load(at, row, at.table.columns[columnIndex] as CompiledColumn)
      text.holders += 1
      return {
        state: text.state,
        release: () => {
          text.holders -= 1
        },
      }
    },
    rebuild: (space) => {
      const held: Open[] = []
      for (const [key, text] of open) {
        if (text.at.space !== space) continue
        if (text.holders > 0) held.push(text)
        else open.delete(key)
      }
      return () => {
        for (const text of held) {
          text.state.rebuild()
          changed.add(text)
        }
      }
    },
    branched: (space, chain) => {
      const rows = statements(textsOfChain).all(space, chain)
      for (const found of rows) {
        const [row, number] = [found.row as Uint8Array, found.n as number]
        statements('DELETE FROM text_snapshot WHERE space = ? AND row = ? AND col = ?').run(space, row, number)
        const { app, table, column } = registry.columnOf(number)
        const before = open.size
        const text = load(
          { space, app, table: { id: table, physical: tableToPhysical(app, table) } },
          row,
          keyToColumn(column),
        )
        // One that was not in memory has just been built from all its ops.
        if (open.size === before) text.state.rebuild()
        showOne(text)
      }
    },
    save: () => {
      for (const text of open.values()) {
        if (text.unsaved < opsBetweenSaves) continue
        text.unsaved = 0
        // All changes of this transaction are in segments by now, so every later one has a higher number.
        statements('INSERT OR REPLACE INTO text_snapshot (space, row, col, through, bytes) VALUES (?, ?, ?, ?, ?)').run(
          text.at.space,
          text.row,
          text.number,
          history.nextNumber(),
          text.state.snapshot(),
        )
      }
    },
  }
}
