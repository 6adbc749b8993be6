/** Large entries of a hub that had them in files and is to have them elsewhere: new ones go there, old ones follow. */
import type { LargeEntries } from './large-entries.ts'

export function createMovingEntries(from: LargeEntries, to: LargeEntries): LargeEntries {
  /** Whether all files are gone: until the next start none comes. */
  let isMoved = false

  async function move(isNamed: (name: Uint8Array) => boolean): Promise<void> {
    for await (const names of from.names(isNamed))
      for (const name of names) {
        const bytes = isNamed(name) ? await from.get(name) : undefined
        if (bytes !== undefined) await to.put(name, bytes)
        // From here on it is read there.
        await from.remove(name)
        // Dropped meanwhile, and not to be found by who dropped it.
        if (bytes !== undefined && !isNamed(name)) await to.remove(name)
      }
    isMoved = true
  }

  return {
    isFar: to.isFar,
    isAway: to.isAway,
    begin(owner) {
      to.begin?.(owner)
    },
    put: to.put,
    async get(name) {
      return (isMoved ? undefined : await from.get(name)) ?? to.get(name)
    },
    async remove(name) {
      if (!isMoved) await from.remove(name)
      await to.remove(name)
    },
    async *names(isNamed) {
      if (!isMoved) await move(isNamed)
      yield* to.names(isNamed)
    },
  }
}
