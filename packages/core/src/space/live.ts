import type { TouchedRows } from '../database/index.ts'
import type { Changes, Notifier } from './notify.ts'
import { type RowsPatch, rowsToPatch } from './rows-patch.ts'

type LiveOptions<Row> = {
  readonly notifier: Pick<Notifier, 'listen'>
  readonly concerns: (space: number, tables: ReadonlySet<string>) => boolean
  /** Undefined: the rows can be read. Otherwise it resolves when what was missing is here. */
  readonly ready?: () => Promise<void> | undefined
  /** The rows now; what was written since they were last read, where that is known. */
  readonly read: (touched: TouchedRows | undefined, changes: Changes | undefined) => readonly Row[]
  /** Whether `read` itself gives a row that did not change as the same object, and the same array where none did. */
  readonly keepsIdentity?: boolean
  readonly listener: (rows: Row[], patch: RowsPatch<Row>) => void
  readonly failed: (error: unknown) => void
  /** Tells when a transaction was undone, and with it what may have been shown already. */
  readonly onUndone?: (listener: () => void) => () => void
}

/**
 * Runs `read` now and after each change that `concerns` it; calls `listener` only where the rows differ. Rows that did not
 * change keep their identity, so that a user interface repaints only what did.
 */
export const createLiveOf = <Row extends object>(options: LiveOptions<Row>): (() => void) => {
  const { notifier, concerns, listener, failed } = options
  const settle = options.keepsIdentity ? (rows: readonly Row[]): readonly Row[] => rows : createIdentities<Row>()
  let shown: readonly Row[] | undefined
  let stopped = false
  /** What was written is known only from one run that went well to the next. */
  let isKnown = false
  let written: TouchedRows[] = []

  const run = (changes: Changes | undefined): void => {
    if (stopped) return
    try {
      const wait = options.ready?.()
      if (wait) {
        isKnown = false
        wait.then(() => run(undefined), failed)
        return
      }
      const touched = isKnown ? mergeTouched(written) : undefined
      written = []
      const rows = settle(options.read(touched, changes))
      isKnown = true
      if (shown && isSameList(shown, rows)) return
      const patch = rowsToPatch(shown ?? [], rows)
      shown = rows
      listener([...rows], patch)
    } catch (error) {
      isKnown = false
      failed(error)
    }
  }
  const runAnew = (): void => {
    isKnown = false
    void Promise.resolve().then(() => run(undefined))
  }

  const unlisten = notifier.listen((changes, touched) => {
    // Rows may be written in an earlier frame than the one that tells of their table.
    if (!touched || written.length >= framesMax) isKnown = false
    else if (touched.size > 0) written.push(touched)
    for (const [space, tables] of changes) if (concerns(space, tables)) return run(changes)
  })
  const unlistenUndone = options.onUndone?.(runAnew)
  runAnew()
  return () => {
    stopped = true
    unlisten()
    unlistenUndone?.()
  }
}

/** The same for what is cheap to read as a whole. */
export const createLive = <Row>(
  notifier: Pick<Notifier, 'listen'>,
  concerns: (space: number, tables: ReadonlySet<string>) => boolean,
  read: () => Row[],
  listener: (rows: Row[]) => void,
  failed: (error: unknown) => void,
): (() => void) =>
  createLiveOf({
    notifier,
    concerns,
    read: read as () => object[],
    listener: (rows) => listener(rows as Row[]),
    failed,
  })

/** Frames that wrote to watched tables and did not concern a query: so many are not added up. */
const framesMax = 32

const mergeTouched = (all: readonly TouchedRows[]): TouchedRows => {
  const [first] = all
  if (first && all.length === 1) return first
  const merged = new Map<string, Map<number, Uint8Array[]>>()
  for (const touched of all) {
    for (const [table, spaces] of touched) {
      const known = merged.get(table) ?? new Map<number, Uint8Array[]>()
      merged.set(table, known)
      for (const [space, ids] of spaces) known.set(space, [...(known.get(space) ?? []), ...ids])
    }
  }
  return merged
}

const isSameList = (left: readonly unknown[], right: readonly unknown[]): boolean =>
  left === right || (left.length === right.length && left.every((row, index) => row === right[index]))

/** Gives rows that say the same as one of before as that one. */
const createIdentities = <Row>(): ((rows: readonly Row[]) => readonly Row[]) => {
  let known = new Map<string, Row>()
  return (rows) => {
    const texts = rows.map(rowToText)
    const settled = rows.map((row, index) => known.get(texts[index] as string) ?? row)
    known = new Map(texts.map((text, index) => [text, settled[index] as Row]))
    return settled
  }
}

const rowToText = (row: unknown): string => JSON.stringify(row) ?? ''
