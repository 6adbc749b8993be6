import { KithError } from '../bytes/index.ts'
import { opCodes } from '../change/index.ts'
import { createTextSession, type TextOpBytes, type TextSession } from '../database/index.ts'
import type { Cancel } from '../ports/index.ts'
import { type App, columnId, tableId } from '../schema/index.ts'
import type { OpenText } from './api.ts'
import type { Engine } from './engine.ts'
import { toRowId } from './recorder.ts'
import type { Replica } from './replica.ts'
import type { Writer } from './tables.ts'

/** A change of typing goes out after so long or so many edits, whichever is first (design §4). */
const typingMs = 50
const editsMax = 20

/** Opens one rich text for typing. @throws KithError `not-found`, `bad-value`. */
export const openText = (
  engine: Engine,
  app: App,
  replicaOf: () => Replica,
  writer: Writer,
  tableName: string,
  id: string,
  columnName: string,
): OpenText => {
  const declared = app.tables[tableName]
  const column = declared?.columns[columnName]
  if (!declared || column?.spec.kind !== 'richText') {
    throw new KithError('bad-value', `${tableName}.${columnName} is no rich text of this app.`, {
      table: tableName,
      column: columnName,
    })
  }
  const { compiled } = replicaOf().record()
  const table = compiled.tables.find((candidate) => candidate.id === tableId(tableName, declared))
  const index = table?.columns.findIndex((candidate) => candidate.id === columnId(columnName, column)) ?? -1
  const row = toRowId(id)
  if (!table || index < 0)
    throw new KithError('schema-mismatch', `${tableName}.${columnName} is not in the schema of the space yet.`)
  const at = { space: replicaOf().entry.n, app: compiled.app, table }
  const { rows } = engine.store()
  if (!rows.base(at, row)) throw new KithError('not-found', `${tableName} has no row ${id} here.`, { table: tableName })

  const listeners = new Set<(doc: OpenText['doc']) => void>()
  const tellReplaced = (doc: OpenText['doc']): void => {
    for (const listener of listeners) listener(doc)
  }
  let cancel: Cancel | undefined
  let isClosed = false
  /** What went wrong while nobody waited: told to whoever asks next whether the text is saved. */
  let problem: unknown

  const flush = (): void => {
    cancel?.()
    cancel = undefined
    // What is typed while there are no keys to write under stays in the editor until there are.
    const ready = writer.ready()
    if (ready) {
      const again = (): void => {
        if (!isClosed) flush()
      }
      ready.then(again, (cause) => {
        problem = cause
      })
      return
    }
    const taken: TextOpBytes[] = []
    try {
      for (let pending = held.session.takePending(); pending; pending = held.session.takePending()) {
        taken.push(pending)
        const { salt, structs, deletes } = pending
        writer.write((recorder) => recorder.push([opCodes.text, table.index, row, index, salt, structs, deletes]))
        taken.pop()
      }
    } catch (cause) {
      // What was typed stays in the editor and goes out with the next change that can be written.
      for (const op of taken.reverse()) held.session.putBack(op)
      problem = cause
    }
  }
  const open = (): { session: TextSession; release: () => void } => {
    const { state, release } = engine.store().texts.hold(at, row, index)
    const session = createTextSession({
      crypto: engine.platform.crypto,
      device: engine.person.device.signing.publicKey,
      state,
      replaced: tellReplaced,
      failed: (cause) => {
        problem = cause
      },
      edited: () => {
        if (session.pendingCount() >= editsMax) {
          // Not inside Yjs' own transaction: it is still being told to other listeners.
          cancel?.()
          cancel = engine.platform.clock.soon(flush)
        } else cancel ??= engine.platform.clock.after(typingMs, flush)
      },
    })
    return { session, release }
  }
  let held = open()
  // Memory was made anew from disk: what the transaction held is gone, and the text stands as it is stored.
  const unlisten = engine.onUndone((cause) => {
    problem = cause
    held.session.close()
    held = open()
    tellReplaced(held.session.doc())
  })
  const saved = async (): Promise<void> => {
    await writer.ready()
    flush()
    await engine.unit.durable()
    if (problem === undefined) return
    const cause = problem
    problem = undefined
    throw cause instanceof Error ? cause : new Error('A listener of the text failed.', { cause })
  }

  return {
    get doc() {
      return held.session.doc()
    },
    replaced: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    saved,
    close: async () => {
      if (isClosed) return
      isClosed = true
      try {
        await saved()
      } finally {
        unlisten()
        cancel?.()
        held.session.close()
        held.release()
      }
    },
  }
}
