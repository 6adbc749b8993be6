import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import type { PlainRecord, Product } from './product.ts'

/**
 * The yardstick of storing: a table with a TEXT key that grows with time (26 characters, as Kith's ids), `synchronous = FULL`.
 * What it does on a device is all that it does.
 */
const openClient: Product['openClient'] = ({ folder }) => {
  const database = new DatabaseSync(join(folder, 'records.db'))
  database.exec('PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  database.exec(
    'CREATE TABLE IF NOT EXISTS records (id TEXT PRIMARY KEY, title TEXT, note TEXT, done INTEGER, points INTEGER, due INTEGER)',
  )
  const insert = database.prepare('INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)')
  let last = (database.prepare('SELECT count(*) AS n FROM records').get() as { n: number }).n
  const add = ({ title, note, done, points, due }: PlainRecord): string => {
    last += 1
    const id = String(last).padStart(26, '0')
    insert.run(id, title, note, done ? 1 : 0, points, due)
    return id
  }
  return Promise.resolve({
    create: () => Promise.resolve(''),
    join: () => Promise.resolve(),
    reopen: () => Promise.resolve(),
    writeBatch: (records) => {
      database.exec('BEGIN')
      for (const record of records) add(record)
      database.exec('COMMIT')
      return Promise.resolve()
    },
    writeOne: (record) => Promise.resolve(add(record)),
    updateTitle: (id, title) => {
      database.prepare('UPDATE records SET title = ? WHERE id = ?').run(title, id)
      return Promise.resolve()
    },
    onTitle: () => {},
    count: () => Promise.resolve((database.prepare('SELECT count(*) AS n FROM records').get() as { n: number }).n),
    firstPage: () => Promise.resolve(database.prepare('SELECT * FROM records ORDER BY id LIMIT 20').all()),
    synced: () => Promise.resolve(),
    close: () => {
      database.close()
      return Promise.resolve()
    },
  })
}

const none = () => Promise.reject(new Error('SQLite has no server'))

export const product: Product = {
  title: 'bare SQLite',
  packages: [],
  traits: {
    encryption: 'none',
    queries: 'SQL on the device',
    permissions: 'none',
    durability: 'FULL commit: power cut',
  },
  lacks: { server: 'no sync' },
  startServer: none,
  openClient,
  connectIdle: none,
}
