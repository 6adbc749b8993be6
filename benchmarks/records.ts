import { app, bool, int, table, text, time } from '@kith/core'

const columns = { title: text(), note: text(), done: bool(), points: int(), due: time() }
const rules = { insert: 'writer', update: 'writer', delete: ['author', 'admin'] } as const

/** The app of the benchmarks: one table of five columns. */
export const recordsApp = app('org.example.records', { version: 1, tables: { records: table(columns, rules) } })

/** The same with a secondary index. */
export const indexedApp = app('org.example.indexed', {
  version: 1,
  tables: { records: table(columns, { ...rules, index: [['points']] }) },
})

export type BenchmarkRecord = { title: string; note: string; done: boolean; points: number; due: Date }

const words = `the quick brown fox jumps over lazy dog while nobody watches from distance today meeting about garden
  kitchen repair invoice number seven bring milk bread tea call mother before noon paint fence blue order seeds check
  water meter book train ticket return library books`.split(/\s+/)

/** A small seeded generator (mulberry32), so that every run measures the same records. */
export const createRandom = (seed: number): (() => number) => {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** Records of about 128 bytes: words, a flag, a number, a day. `JSON.stringify` of one is 128 ± 15 characters. */
export const createRecords = (count: number, seed = 1): BenchmarkRecord[] => {
  const random = createRandom(seed)
  const phrase = (length: number): string =>
    Array.from({ length }, () => words[Math.floor(random() * words.length)]).join(' ')
  return Array.from({ length: count }, (_, index) => ({
    title: phrase(2),
    note: phrase(6),
    done: random() < 0.3,
    points: Math.floor(random() * 1000),
    due: new Date(1_790_000_000_000 + index * 60_000),
  }))
}
