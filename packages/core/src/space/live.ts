import type { Notifier } from './notify.ts'

/**
 * Runs `read` now and after each change that `concerns` it; calls `listener` only where the rows differ. Rows that did not
 * change keep their identity, so that a user interface repaints only what did.
 */
export const createLive = <Row>(
  notifier: Notifier,
  concerns: (space: number, tables: ReadonlySet<string>) => boolean,
  read: () => Row[],
  listener: (rows: Row[]) => void,
  failed: (error: unknown) => void,
): (() => void) => {
  let shown: Row[] | undefined
  let texts: string[] = []
  let stopped = false

  const run = (): void => {
    if (stopped) return
    try {
      const rows = read()
      const nextTexts = rows.map(rowToText)
      if (shown && nextTexts.length === texts.length && nextTexts.every((text, index) => text === texts[index])) return
      const known = new Map(texts.map((text, index) => [text, shown?.[index] as Row]))
      shown = rows.map((row, index) => known.get(nextTexts[index] as string) ?? row)
      texts = nextTexts
      listener(shown)
    } catch (error) {
      failed(error)
    }
  }

  const unlisten = notifier.listen((changes) => {
    for (const [space, tables] of changes) if (concerns(space, tables)) return run()
  })
  void Promise.resolve().then(run)
  return () => {
    stopped = true
    unlisten()
  }
}

const rowToText = (row: unknown): string => JSON.stringify(row) ?? ''
