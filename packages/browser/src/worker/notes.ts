/**
 * What other tabs' calls have done, written by the same commits: a tab whose worker is gone asks the next one again, and what was done
 * is answered, not done twice. A table of our own in the person's database.
 */
import type { SqlDatabase, SqlStatement } from '@kith/core/ports'
import type { CallNotes } from '../port/callee.ts'

export type Notes = {
  /** The database for the engine, with its commits seen. */
  readonly wrap: (database: SqlDatabase) => SqlDatabase
  /** After the engine has made its tables. Returns the tabs that have something noted. */
  readonly start: () => string[]
  readonly of: (client: string) => CallNotes
  /** A tab is gone: nobody will ask. */
  readonly forget: (client: string) => void
}

const table = `CREATE TABLE IF NOT EXISTS tab_call (
  client TEXT NOT NULL, id INTEGER NOT NULL, result TEXT, PRIMARY KEY (client, id)
) STRICT, WITHOUT ROWID`

type Note = { readonly client: string; readonly id: number; readonly result: string | null }

export const createNotes = (): Notes => {
  /** What the next commit has to write, by client and number; undefined: to delete. */
  const due = new Map<string, Note | undefined>()
  const gone = new Set<string>()
  /** Numbers on disk or due, in their order. */
  const kept = new Map<string, Set<number>>()
  let statements: { put: SqlStatement; drop: SqlStatement; dropAll: SqlStatement; get: SqlStatement } | undefined
  let file: SqlDatabase | undefined

  const keyOf = (client: string, id: number): string => `${client}/${id}`
  const keep = (client: string, id: number): void => {
    const ids = kept.get(client) ?? new Set()
    kept.set(client, ids.add(id))
  }
  const put = (client: string, id: number, result: string | null): void => {
    keep(client, id)
    due.set(keyOf(client, id), { client, id, result })
  }
  const drop = (client: string, id: number): void => {
    kept.get(client)?.delete(id)
    due.set(keyOf(client, id), undefined)
  }

  const beforeCommit = (): void => {
    if (!statements) return
    for (const [key, note] of due) {
      if (note) statements.put.run(note.client, note.id, note.result)
      else {
        const slash = key.lastIndexOf('/')
        statements.drop.run(key.slice(0, slash), Number(key.slice(slash + 1)))
      }
    }
    for (const client of gone) statements.dropAll.run(client)
  }
  const afterCommit = (): void => {
    if (!statements) return
    due.clear()
    gone.clear()
  }

  return {
    wrap: (database) => {
      file = database
      return {
        ...database,
        prepare: (sql) => {
          const statement = database.prepare(sql)
          if (sql !== 'COMMIT') return statement
          return {
            ...statement,
            run: () => {
              beforeCommit()
              statement.run()
              afterCommit()
            },
          }
        },
      }
    },
    start: () => {
      if (!file) return []
      file.exec(table)
      statements = {
        put: file.prepare('INSERT OR REPLACE INTO tab_call (client, id, result) VALUES (?, ?, ?)'),
        drop: file.prepare('DELETE FROM tab_call WHERE client = ? AND id = ?'),
        dropAll: file.prepare('DELETE FROM tab_call WHERE client = ?'),
        get: file.prepare('SELECT result FROM tab_call WHERE client = ? AND id = ?'),
      }
      for (const { client, id } of file.prepare('SELECT client, id FROM tab_call').all())
        keep(client as string, id as number)
      return [...kept.keys()]
    },
    of: (client) => ({
      find: (id) => {
        const row = statements?.get.get(client, id)
        if (!row) return undefined
        return typeof row.result === 'string' ? { result: textToResult(row.result) } : 'begun'
      },
      write: (id) => ({
        done: (result) => put(client, id, resultToText(result)),
        undo: () => drop(client, id),
      }),
      begin: (id) => {
        put(client, id, null)
        return {
          end: () => {
            // No commit came meanwhile, so there is nothing to tell of.
            if (due.has(keyOf(client, id))) {
              due.delete(keyOf(client, id))
              kept.get(client)?.delete(id)
            }
          },
        }
      },
      settled: (below) => {
        for (const id of kept.get(client) ?? []) if (id < below) drop(client, id)
      },
    }),
    forget: (client) => {
      if (!kept.delete(client)) return
      for (const key of due.keys()) if (key.startsWith(`${client}/`)) due.delete(key)
      gone.add(client)
    },
  }
}

/** Results of writes are ids: texts, and lists of them with gaps. */
const resultToText = (result: unknown): string => JSON.stringify({ result })
const textToResult = (text: string): unknown => (JSON.parse(text) as { result?: unknown }).result
