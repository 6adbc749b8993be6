import { DatabaseSync } from 'node:sqlite'
import { KithError } from '@kith/core/bytes'
import type { SqlDatabase } from '@kith/core/ports'

/** A device's disk: a real SQLite database in memory, which outlives the program that uses it. */
export type Disk = {
  /** For one run of the program; `isAlive` says whether that run still goes on. */
  readonly open: (isAlive: () => boolean) => SqlDatabase
  /** The power goes: what was not committed is gone. */
  readonly crash: () => void
  /** A copy of what is committed; undefined in the middle of a transaction. */
  readonly copy: () => Uint8Array | undefined
  readonly restore: (copy: Uint8Array) => void
  /** For invariants: reads behind the program's back. */
  readonly read: (sql: string) => Record<string, unknown>[]
  readonly close: () => void
}

export const createDisk = (): Disk => {
  let database = new DatabaseSync(':memory:')
  return {
    open: (isAlive) => {
      const check = (): void => {
        if (!isAlive()) throw new KithError('closed', 'The program that used this database is gone.')
      }
      return {
        exec: (sql) => {
          check()
          database.exec(sql)
        },
        prepare: (sql) => {
          check()
          const statement = database.prepare(sql)
          return {
            run: (...parameters) => {
              check()
              statement.run(...parameters)
            },
            get: (...parameters) => {
              check()
              return statement.get(...parameters)
            },
            all: (...parameters) => {
              check()
              return statement.all(...parameters)
            },
            columns: () => statement.columns().map(({ name, type }) => ({ name, declaredType: type })),
          }
        },
        close: () => {
          if (isAlive() && database.isTransaction) database.exec('ROLLBACK')
        },
      }
    },
    crash: () => {
      if (database.isTransaction) database.exec('ROLLBACK')
    },
    copy: () => (database.isTransaction ? undefined : database.serialize()),
    restore: (copy) => {
      database.close()
      database = new DatabaseSync(':memory:')
      database.deserialize(copy)
    },
    read: (sql) => database.prepare(sql).all(),
    close: () => database.close(),
  }
}
