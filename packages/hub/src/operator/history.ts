/** Readings of the last day, for the plots; in memory alone. */
import type { Reading } from './reading.ts'

export type Sample = {
  readonly atMs: number
  readonly connections: number
  readonly entries: number
  readonly bytes: number
  readonly entriesPut: number
  readonly entriesSent: number
  readonly refusals: number
  readonly memoryBytes: number
}

export type History = {
  readonly add: (reading: Reading) => void
  /** Oldest first. */
  readonly samples: () => readonly Sample[]
}

/** A day of one reading each 30 seconds: 300 KB. */
const samplesMax = 2880

export function createHistory(): History {
  const samples: Sample[] = []
  return {
    add({ atMs, connections, totals, counts, memoryBytes }) {
      samples.push({
        atMs,
        connections,
        entries: totals.entries,
        bytes: totals.bytes,
        entriesPut: counts.counters.entriesPut,
        entriesSent: counts.counters.entriesSent,
        refusals: [...counts.refusals.values()].reduce((sum, count) => sum + count, 0),
        memoryBytes,
      })
      if (samples.length > samplesMax) samples.shift()
    },
    samples: () => samples,
  }
}

/** What a counter gained each second, between samples. */
export function toRates(samples: readonly Sample[], value: (sample: Sample) => number): Point[] {
  return samples.slice(1).map((sample, at) => {
    const before = samples[at]!
    const seconds = Math.max(0.001, (sample.atMs - before.atMs) / 1000)
    return { atMs: sample.atMs, value: Math.max(0, value(sample) - value(before)) / seconds }
  })
}

export type Point = { readonly atMs: number; readonly value: number }
