/** What was promised to people: each write whose promise resolved, until something excuses its loss. */
export type Ledger = {
  readonly row: (entry: Acknowledged) => unknown
  readonly char: (entry: Acknowledged & { readonly char: string }) => unknown
  /** Somebody may have deleted it: then it need not show. */
  readonly touchedRow: (id: string) => void
  readonly touchedChars: (chars: string) => void
  /** What was written after `sinceMs` and for which `isElsewhere` is false is lost with a device's disk: others' too, who lost theirs before. */
  readonly lostDisk: (device: string, sinceMs: number, isElsewhere: (row: string) => boolean) => void
  readonly rows: () => readonly Acknowledged[]
  readonly chars: () => readonly (Acknowledged & { readonly char: string })[]
  readonly nextChar: () => string
}

export type Acknowledged = {
  readonly id: string
  readonly device: string
  readonly person: number
  readonly atMs: number
}

/** Characters that occur once each: so every one typed can be told apart. CJK ideographs, 20,000 of them. */
const firstChar = 0x4e00

export const createLedger = (): Ledger => {
  let rows: Acknowledged[] = []
  let chars: (Acknowledged & { readonly char: string })[] = []
  let typed = 0
  const touched = new Set<string>()
  const isKept = (entry: Acknowledged & { char?: string }): boolean =>
    !touched.has(entry.id) && (entry.char === undefined || !touched.has(entry.char))
  return {
    row: (entry) => rows.push(entry),
    char: (entry) => chars.push(entry),
    touchedRow: (id) => touched.add(id),
    touchedChars: (text) => {
      for (const char of text) touched.add(char)
    },
    lostDisk: (device, sinceMs, isElsewhere) => {
      const isSafe = (entry: Acknowledged): boolean => entry.atMs < sinceMs || isElsewhere(entry.id)
      rows = rows.filter(isSafe)
      // Of a text nobody can tell from outside where else it is.
      chars = chars.filter((entry) => entry.device !== device || entry.atMs < sinceMs)
    },
    rows: () => rows.filter(isKept),
    chars: () => chars.filter(isKept),
    nextChar: () => String.fromCharCode(firstChar + (typed++ % 20_000)),
  }
}
