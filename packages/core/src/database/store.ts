import type { Compression, Crypto } from '../ports/index.ts'
import { type Cells, createCells } from './cells.ts'
import { createFrontier, type Frontier } from './frontier.ts'
import { createHistory, type History } from './history.ts'
import { createLabels, type Labels } from './labels.ts'
import { createMerge, type Merge } from './merge.ts'
import type { Records } from './records.ts'
import { createRegistry, type Registry } from './registry.ts'
import { createRows, type Rows } from './rows.ts'
import type { Statements } from './statements.ts'
import { createTwins, type Twins } from './twins.ts'
import { createTexts, type Texts } from './texts.ts'

/** Everything that reads and writes the person's database, below spaces and their members. All of it can be made anew from disk. */
export type Store = {
  readonly statements: Statements
  readonly registry: Registry
  readonly history: History
  readonly cells: Cells
  readonly rows: Rows
  readonly texts: Texts
  readonly labels: Labels
  readonly frontier: Frontier
  readonly records: Records
  readonly merge: Merge
  readonly twins: Twins
}

export type StoreInput = {
  readonly statements: Statements
  readonly crypto: Crypto
  readonly compression: Compression
  readonly records: Records
  /** Ed25519 by this device. */
  readonly sign: (message: Uint8Array) => Uint8Array
}

export const createStore = ({ statements, crypto, compression, records, sign }: StoreInput): Store => {
  const registry = createRegistry(statements)
  const history = createHistory(statements, registry, crypto, compression, sign)
  const cells = createCells(statements, history)
  const texts: Texts = createTexts({
    statements,
    registry,
    history,
    cells,
    crypto,
    show: (at, row, column, value) => rows.show(at, row, column, value),
    unshow: (at, row, column) => rows.showing.set(at, row, column, null),
  })
  const twins = createTwins(statements, registry)
  const rows: Rows = createRows({
    statements,
    registry,
    history,
    cells,
    showText: (at, row, column) => texts.show(at, row, column),
    insertedTwice: twins.found,
  })
  const labels = createLabels(statements, history)
  return {
    statements,
    registry,
    history,
    cells,
    rows,
    texts,
    labels,
    records,
    frontier: createFrontier(statements),
    merge: createMerge(crypto, rows, texts, labels),
    twins,
  }
}
