import { assert, toHex } from '../bytes/index.ts'
import type { Statements } from './statements.ts'

/** A space as the database knows it. `n` is its short local number: it means nothing outside this file. */
export type SpaceEntry = { readonly n: number; readonly id: Uint8Array; readonly app: string; readonly kind: SpaceKind }
export type SpaceKind = 'space' | 'person'

/** 0: membership, 1: content. */
export type ChainClass = 0 | 1
export type ChainEntry = {
  readonly n: number
  readonly space: number
  readonly device: Uint8Array
  readonly class: ChainClass
}

export type NumberedColumn = { readonly app: string; readonly table: string; readonly column: string }

/** Short local numbers for what long names would make every row carry. Kept in memory: all sets are small. */
export type Registry = {
  readonly spaces: () => SpaceEntry[]
  readonly space: (id: Uint8Array) => SpaceEntry | undefined
  readonly spaceByNumber: (n: number) => SpaceEntry
  /** Undefined for a number whose space was undone. */
  readonly kindOf: (n: number) => SpaceKind | undefined
  /** A space that is known stays what it is; but what travelled as a person becomes a space where it is entered as one. */
  readonly addSpace: (id: Uint8Array, app: string, kind: SpaceKind) => SpaceEntry
  readonly chain: (n: number) => ChainEntry
  readonly chainOf: (space: number, device: Uint8Array, chainClass: ChainClass) => ChainEntry
  /** The same for reading, which must write nothing. */
  readonly knownChain: (space: number, device: Uint8Array, chainClass: ChainClass) => ChainEntry | undefined
  readonly chainsOf: (space: number) => ChainEntry[]
  /** Number of a column by the table's id and its own `key` (see `CompiledColumn`); the column '' stands for the row itself. */
  readonly column: (app: string, table: string, column: string) => number
  /** The same for reading, which must write nothing: 0 for a column that nothing was written to. */
  readonly writtenColumn: (app: string, table: string, column: string) => number
  readonly columnOf: (n: number) => NumberedColumn
}

export const createRegistry = (statements: Statements): Registry => {
  const spaces = new Map<string, SpaceEntry>()
  const spacesByNumber = new Map<number, SpaceEntry>()
  const chains = new Map<number, ChainEntry>()
  const chainsByName = new Map<string, ChainEntry>()
  const chainsBySpace = new Map<number, ChainEntry[]>()
  const columns = new Map<string, number>()
  const numbered = new Map<number, NumberedColumn>()

  const keepSpace = (entry: SpaceEntry): SpaceEntry => {
    spaces.set(toHex(entry.id), entry)
    spacesByNumber.set(entry.n, entry)
    return entry
  }
  const chainName = (space: number, device: Uint8Array, chainClass: ChainClass): string =>
    `${space}/${chainClass}/${toHex(device)}`
  const keepChain = (entry: ChainEntry): ChainEntry => {
    chains.set(entry.n, entry)
    chainsByName.set(chainName(entry.space, entry.device, entry.class), entry)
    const ofSpace = chainsBySpace.get(entry.space)
    if (ofSpace) ofSpace.push(entry)
    else chainsBySpace.set(entry.space, [entry])
    return entry
  }
  const columnName = (app: string, table: string, column: string): string => JSON.stringify([app, table, column])

  for (const row of statements('SELECT n, id, app, kind FROM space').all()) keepSpace(row as SpaceEntry)
  for (const row of statements('SELECT n, space, device, class FROM chain').all()) keepChain(row as ChainEntry)
  for (const row of statements('SELECT n, app, tbl, col FROM numbered_column').all()) {
    columns.set(columnName(row.app as string, row.tbl as string, row.col as string), row.n as number)
    numbered.set(row.n as number, { app: row.app as string, table: row.tbl as string, column: row.col as string })
  }

  return {
    spaces: () => [...spaces.values()],
    space: (id) => spaces.get(toHex(id)),
    spaceByNumber: (n) => {
      const entry = spacesByNumber.get(n)
      assert(entry, 'a space number without a space')
      return entry
    },
    kindOf: (n) => spacesByNumber.get(n)?.kind,
    addSpace: (id, app, kind) => {
      const known = spaces.get(toHex(id))
      if (known && !(known.kind === 'person' && kind === 'space')) return known
      if (known) {
        // Taken for a person, because somebody put a change of it where those of persons travel: nobody may keep a space from us by that.
        statements("UPDATE space SET app = ?, kind = 'space' WHERE n = ?").run(app, known.n)
        statements('DELETE FROM carried WHERE person = ?').run(known.n)
        return keepSpace({ ...known, app, kind })
      }
      const row = statements('INSERT INTO space (id, app, kind) VALUES (?, ?, ?) RETURNING n').get(id, app, kind)
      return keepSpace({ n: row?.n as number, id, app, kind })
    },
    chain: (n) => {
      const entry = chains.get(n)
      assert(entry, 'a chain number without a chain')
      return entry
    },
    chainOf: (space, device, chainClass) => {
      const known = chainsByName.get(chainName(space, device, chainClass))
      if (known) return known
      const insert = statements('INSERT INTO chain (space, device, class) VALUES (?, ?, ?) RETURNING n')
      return keepChain({ n: insert.get(space, device, chainClass)?.n as number, space, device, class: chainClass })
    },
    knownChain: (space, device, chainClass) => chainsByName.get(chainName(space, device, chainClass)),
    chainsOf: (space) => [...(chainsBySpace.get(space) ?? [])],
    column: (app, table, column) => {
      const name = columnName(app, table, column)
      const known = columns.get(name)
      if (known !== undefined) return known
      const insert = statements('INSERT INTO numbered_column (app, tbl, col) VALUES (?, ?, ?) RETURNING n')
      const n = insert.get(app, table, column)?.n as number
      columns.set(name, n)
      numbered.set(n, { app, table, column })
      return n
    },
    writtenColumn: (app, table, column) => columns.get(columnName(app, table, column)) ?? 0,
    columnOf: (n) => {
      const found = numbered.get(n)
      assert(found, 'a column number without a column')
      return found
    },
  }
}
