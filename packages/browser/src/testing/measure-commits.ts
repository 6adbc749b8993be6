import type { SqlDatabase } from '@kith/core/ports'

export type CommitRates = {
  readonly rowsPerSecond: number
  readonly commitsPerSecond: number
  readonly readsPerSecond: number
}

/** Rows a second by transactions of 1,000, and single commits a second, under `synchronous = mode`. Empties its table first. */
export const measureCommits = (database: SqlDatabase, mode: string): CommitRates => {
  database.exec(`PRAGMA synchronous = ${mode}; DROP TABLE IF EXISTS m;
    CREATE TABLE m (id BLOB PRIMARY KEY, a TEXT, b INTEGER, c TEXT) WITHOUT ROWID`)
  const insert = database.prepare('INSERT INTO m VALUES (?, ?, ?, ?)')
  const text = 'x'.repeat(80)
  let n = 0
  const add = (): void => {
    const id = new Uint8Array(16)
    new DataView(id.buffer).setUint32(0, (n += 1))
    insert.run(id, text, n, 'short')
  }
  const rowsPerSecond = perSecond(100_000, () => {
    for (let batch = 0; batch < 100; batch += 1) {
      database.exec('BEGIN')
      for (let at = 0; at < 1000; at += 1) add()
      database.exec('COMMIT')
    }
  })
  const commitsPerSecond = perSecond(500, () => {
    for (let at = 0; at < 500; at += 1) add()
  })
  const read = database.prepare('SELECT * FROM m WHERE id = ?')
  const readsPerSecond = perSecond(20_000, () => {
    for (let at = 0; at < 20_000; at += 1) {
      const id = new Uint8Array(16)
      new DataView(id.buffer).setUint32(0, 1 + ((at * 7919) % 100_000))
      read.get(id)
    }
  })
  database.close()
  return { rowsPerSecond, commitsPerSecond, readsPerSecond }
}

const perSecond = (count: number, run: () => void): number => {
  const started = performance.now()
  run()
  return Math.round((count * 1000) / (performance.now() - started))
}
