/** For tests: one peer's engine on a database in memory, with a clock that only tests move. */
import { createNodeCompression } from '../../../node/src/platform/compression.ts'
import { openSqlite } from '../../../node/src/platform/sqlite.ts'
import { toHex } from '../bytes/index.ts'
import { encodeSegment, kindToChain, type Segment, type UnpackedSegment } from '../change/index.ts'
import { createQueries } from '../database/index.ts'
import type { Platform, SqlDatabase } from '../ports/index.ts'
import { createEngine, type Engine } from './engine.ts'
import type { Identity } from './identity.ts'
import { createReplica, type Replica } from './replica.ts'
import { createTrialCrypto, trialApp, trialNowMs, trialQueryApp, type TrialWorld } from './trial-world.fixture.ts'

const compression = createNodeCompression()

export type TrialPeer = {
  readonly engine: () => Engine
  readonly replica: () => Replica
  /** Takes segments in this order, those of one kind of chain that follow each other in one go. */
  readonly receive: (segments: readonly Segment[]) => void
  readonly commit: () => void
  /** Runs what is scheduled for `soon`, as the event loop would. */
  readonly turn: () => void
  readonly setClock: (ms: number) => void
  /** Statements that were run so far. */
  readonly statementCount: () => number
  /** Closes and opens the same database. */
  readonly reopen: () => Promise<void>
  readonly close: () => void
}

export type TrialDatabase = (database: SqlDatabase) => SqlDatabase

export const createTrialPeer = async (
  world: TrialWorld,
  number: number,
  wrap: TrialDatabase = (database) => database,
  judging?: Parameters<typeof createReplica>[2],
  found?: Identity,
): Promise<TrialPeer> => {
  const database = openSqlite(':memory:')
  let nowMs = trialNowMs
  let scheduled: (() => void)[] = []
  let statements = 0
  const counting: TrialDatabase = (inner) => ({
    ...inner,
    prepare: (sql) => {
      const statement = inner.prepare(sql)
      const count =
        <Parameters extends unknown[], Result>(run: (...parameters: Parameters) => Result) =>
        (...parameters: Parameters): Result => {
          statements += 1
          return run(...parameters)
        }
      return { ...statement, run: count(statement.run), get: count(statement.get), all: count(statement.all) }
    },
  })
  const { deflateApart: _, ...plain } = compression
  const platform: Platform = {
    crypto: createTrialCrypto(100 + number),
    compression: plain,
    clock: {
      now: () => nowMs,
      monotonic: () => nowMs,
      after: () => () => {},
      soon: (run) => {
        scheduled.push(run)
        return () => {
          scheduled = scheduled.filter((other) => other !== run)
        }
      },
    },
    network: {
      connect: () => {
        throw new Error('There is no network in this test.')
      },
    },
    openDatabase: () => wrap(counting({ ...database, close: () => {} })),
  }
  let engine = await createEngine(platform, [], found)
  let replica: Replica | undefined
  const listen = () =>
    engine.onUndone(() => {
      replica = undefined
    })
  listen()
  const replicaOf = (): Replica => {
    if (!replica) {
      engine.unit.enter()
      replica = createReplica(engine, engine.store().registry.addSpace(world.space, trialApp.id, 'space'), judging)
    }
    return replica
  }

  return {
    engine: () => engine,
    replica: replicaOf,
    receive: (segments) => {
      for (let from = 0; from < segments.length; ) {
        const chain = chainOf(segments[from] as Segment)
        let to = from
        while (to < segments.length && chainOf(segments[to] as Segment) === chain) to += 1
        const { refused } = replicaOf().receive(segments.slice(from, to).map(toUnpacked), undefined, chain)
        if (refused[0]) throw refused[0]
        from = to
      }
    },
    commit: () => engine.unit.commit(),
    turn: () => {
      const runs = scheduled
      scheduled = []
      for (const run of runs) run()
    },
    setClock: (ms) => {
      nowMs = ms
    },
    statementCount: () => statements,
    reopen: async () => {
      engine.unit.commit()
      engine.close()
      replica = undefined
      engine = await createEngine(platform, [])
      listen()
    },
    close: () => {
      engine.close()
      database.close()
    },
  }
}

const chainOf = ({ changes }: Segment) => kindToChain(changes[0]?.header.kind ?? 0)

const toUnpacked = (segment: Segment): UnpackedSegment => {
  const bytes = encodeSegment(segment)
  return { bytes, deflated: compression.deflate(bytes) }
}

/** Everything that a peer shows of the space, as text: two peers with the same changes show the same. */
export const showAll = (peer: TrialPeer): string => {
  peer.engine().unit.commit()
  const { database, statements, store } = peer.engine()
  const { entry } = peer.replica()
  const { history } = store()
  const hashOf = (change: unknown): string => toHex(history.change(change as number).hash)
  const lines: string[] = []
  const tables = statements(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'org.example.trial/%'",
  ).all()
  for (const name of tables.map((row) => row.name as string)) {
    const columns = statements('SELECT name FROM pragma_table_info(?) ORDER BY 1')
      .all(name)
      .map((row) => row.name as string)
    const isKeyed = columns.includes('$time')
    // As literals, so that types count too, and sums past what a number holds. Which upsert is the base is each peer's business.
    const shown = columns.filter((column) => !['$space', '$time', '$change'].includes(column))
    const literals = shown.map((column) => `quote("${column}") AS "${column}"`).join(', ')
    const sql = `SELECT "$change" AS change, ${literals} FROM "${name}" WHERE "$space" = ? ORDER BY id`
    for (const { change, ...row } of statements(sql).all(entry.n))
      lines.push(`${name} ${isKeyed ? '' : hashOf(change)} ${toText(row)}`)
  }
  const queries = createQueries({ database, app: trialQueryApp, space: entry.n })
  for (const name of Object.keys(trialQueryApp.tables)) {
    const rows = queries.run((q) =>
      q
        .selectFrom(name as 'items')
        .selectAll()
        .orderBy('id'),
    ) as object[]
    for (const row of rows) lines.push(`query ${name} ${toText(row)}`)
  }
  for (const what of ['held', 'waiting'] as const) {
    const code = what === 'held' ? 'code' : "hex(need) || ' ' || coalesce(due, '') AS code"
    const found = statements(`SELECT change, ${code}, reason FROM ${what} WHERE space = ?`).all(entry.n)
    lines.push(
      ...found.map((row) => `${what} ${hashOf(row.change)} ${row.code as string} ${row.reason as string}`).sort(),
    )
  }
  for (const row of statements('SELECT DISTINCT person FROM label WHERE space = ? ORDER BY person').all(entry.n)) {
    const person = row.person as Uint8Array
    lines.push(`label ${toText({ person, text: store().labels.read(entry.n, person)?.text })}`)
  }
  for (const what of ['twin', 'claim'] as const) {
    const change = what === 'claim' ? 'change' : 'NULL AS change'
    const sql = `SELECT tbl, row, ${change} FROM ${what} WHERE space = ?`
    lines.push(
      ...statements(sql)
        .all(entry.n)
        .map((row) => {
          const { table } = store().registry.columnOf(row.tbl as number)
          return `${what} ${table} ${toHex(row.row as Uint8Array)} ${row.change === null ? '' : hashOf(row.change)}`
        })
        .sort(),
    )
  }
  lines.push(
    ...statements('SELECT target, change FROM reissue WHERE space = ?')
      .all(entry.n)
      .map((row) => `reissue ${toHex(row.target as Uint8Array)} ${hashOf(row.change)}`)
      .sort(),
  )
  const orphans =
    'SELECT o.row, c.tbl FROM orphan AS o JOIN numbered_column AS c ON c.n = o.tbl WHERE o.space = ? ORDER BY 1, 2'
  for (const row of statements(orphans).all(entry.n)) lines.push(`orphan ${toText(row)}`)
  return lines.join('\n')
}

/** Columns in the order of their names: tables were widened in the order that records came in. */
const toText = (row: object): string =>
  JSON.stringify(
    Object.entries(row).sort(([left], [right]) => (left < right ? -1 : 1)),
    (_key, value: unknown) => (value instanceof Uint8Array ? toHex(value) : Object.is(value, -0) ? '-0' : value),
  )
