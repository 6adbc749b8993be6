import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as nap } from 'node:timers/promises'

/** How often a condition is looked at. */
const lookMs = 10

/** Resolves with the first value that is neither false nor undefined. Rejects when that takes longer than `ms`. */
export const until = async <T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  ms = 20_000,
): Promise<T> => {
  const end = performance.now() + ms
  for (;;) {
    const value = await condition()
    if (value !== undefined && value !== false) return value
    if (performance.now() > end) throw new Error(`Waited ${ms / 1000} s in vain: ${what}.`)
    await nap(lookMs)
  }
}

export const within = async <T>(promise: Promise<T>, ms: number, what: string): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`${what} took over ${ms / 1000} s.`)), ms)
  try {
    return await Promise.race([promise, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** A folder of a test's own, and what is to be ended with it: last begun, first ended. */
export type Scene = {
  readonly path: (name: string) => string
  readonly ends: <T>(thing: T, end: (thing: T) => unknown) => T
}

/** Runs a test in a scene, and cleans up whatever becomes of it. */
export const inScene = async (play: (scene: Scene) => Promise<void>): Promise<void> => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-journey-'))
  const endings: (() => unknown)[] = []
  try {
    await play({
      path: (name) => join(folder, name),
      ends: (thing, end) => {
        endings.push(() => end(thing))
        return thing
      },
    })
  } finally {
    for (const end of endings.reverse()) await end()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Mulberry32: small, seeded, the same everywhere. */
export const createRandom = (seed: number): ((below: number) => number) => {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

/** From the environment (`SEED=7`) or the clock: printed by each test that draws from it. */
export const chooseSeed = (): number => Number(process.env['SEED'] ?? Date.now() % 1_000_000)
