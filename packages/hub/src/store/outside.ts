/**
 * Keeps the large entries in step with the database: written before the row that names them, removed when the row is gone for
 * good. A crash in between leaves at most something that no row names, which the next start sweeps away; what lies on another machine is
 * swept each day.
 */
import { toHex } from '@kith/core/bytes'
import type { LargeEntries } from './large-entries.ts'

export type Outside = {
  readonly isOn: boolean
  readonly isFar: boolean
  readonly isAway: () => boolean
  /** Writes those that are given, all at once; none stays if one fails. Their names, in order. */
  readonly putAll: (bytes: readonly (Uint8Array | undefined)[]) => Promise<(Uint8Array | undefined)[]>
  readonly get: (name: Uint8Array) => Promise<Uint8Array | undefined>
  /** Rows of the open group name these, or name these no more. */
  readonly added: (name: Uint8Array) => void
  readonly removed: (name: Uint8Array) => void
  readonly committed: () => void
  readonly rolledBack: () => void
  /** No row names these, and none will. */
  readonly drop: (names: readonly (Uint8Array | undefined)[]) => void
  /** Removes whatever no row names; in the background. */
  readonly sweep: () => void
  /** The same where it is due: once a day for what is far, and again where something went wrong. */
  readonly tend: (today: number) => void
  /** Resolves when all removals are done. */
  readonly settled: () => Promise<void>
  /** The same, and ends a sweep; the next unclean start begins another. */
  readonly close: () => Promise<void>
}

const nameBytes = 16

export function createOutside(
  files: LargeEntries | undefined,
  random: (length: number) => Uint8Array,
  isNamed: (name: Uint8Array) => boolean,
): Outside {
  let fresh: Uint8Array[] = []
  let gone: Uint8Array[] = []
  /** Written, or being written, and not yet committed: no sweep may take them. */
  const held = new Set<string>()
  const removals = new Set<Promise<void>>()
  let sweeping: Promise<void> | undefined
  /** The day of the last sweep that found all there is; undefined when something may have been left since. */
  let sweptDay: number | undefined
  let isClosed = false

  function run(work: Promise<void>): void {
    // What cannot be removed now is found by a later sweep.
    const quiet = work.catch(() => (sweptDay = undefined)).then(() => void removals.delete(quiet))
    removals.add(quiet)
  }

  function drop(names: readonly (Uint8Array | undefined)[]): void {
    for (const name of names) {
      if (name === undefined || files === undefined) continue
      held.delete(toHex(name))
      run(files.remove(name))
    }
  }

  async function sweep(from: LargeEntries): Promise<void> {
    for await (const names of from.names(isNamed)) {
      if (isClosed) return
      drop(names.filter((name) => !held.has(toHex(name)) && !isNamed(name)))
    }
  }

  function beginSweep(): Promise<void> | undefined {
    if (files === undefined || sweeping !== undefined) return undefined
    const begun = sweep(files)
    sweeping = begun.catch(() => {}).then(() => void (sweeping = undefined))
    return begun
  }

  async function settled(): Promise<void> {
    while (removals.size > 0) await Promise.all(removals)
  }

  return {
    isOn: files !== undefined,
    isFar: files?.isFar ?? false,
    isAway: () => files?.isAway() ?? false,
    async putAll(bytes) {
      const names = bytes.map((one) => (one === undefined ? undefined : random(nameBytes)))
      for (const name of names) if (name !== undefined) held.add(toHex(name))
      const writes = bytes.map(async (one, at) => (one === undefined ? undefined : files?.put(names[at]!, one)))
      const failed = (await Promise.allSettled(writes)).find((result) => result.status === 'rejected')
      if (failed !== undefined) {
        // One that was given up may yet arrive.
        sweptDay = undefined
        drop(names)
        throw failed.reason
      }
      return names
    },
    get: async (name) => files?.get(name),
    added: (name) => void fresh.push(name),
    removed: (name) => void gone.push(name),
    committed() {
      for (const name of fresh) held.delete(toHex(name))
      drop(gone)
      fresh = []
      gone = []
    },
    rolledBack() {
      drop(fresh)
      fresh = []
      gone = []
    },
    drop,
    sweep: () => void beginSweep()?.catch(() => {}),
    tend(today) {
      if (files?.isFar !== true || sweptDay === today) return
      sweptDay = today
      beginSweep()?.catch(() => (sweptDay = undefined))
    },
    settled,
    async close() {
      isClosed = true
      await sweeping
      await settled()
    },
  }
}
