/** The day by which the hub forgets, as in `days.ts`, counted once for all its processes. */
import type { Postgres } from './postgres-pool.ts'
import { bytesToNumber, numbersToBytes } from './postgres-values.ts'

export type SharedDays = {
  /** As last read: at most an hour old. */
  readonly today: () => number
  readonly tick: (wallDay: number) => Promise<void>
}

export function createSharedDays(sql: Postgres, first: number): SharedDays {
  let today = first
  return {
    today: () => today,
    async tick(wallDay) {
      const [row] = await sql<{ value: Uint8Array }[]>`SELECT value FROM hub_meta WHERE name = 'day'`
      const [day, seen] = [bytesToNumber(row!.value, 0), bytesToNumber(row!.value, 1)]
      today = day
      if (wallDay === seen) return
      const next = wallDay > seen ? day + 1 : day
      // Whoever comes second finds another value, and has nothing left to do.
      const changed = await sql`
        UPDATE hub_meta SET value = ${Buffer.from(numbersToBytes(next, wallDay))} WHERE name = 'day' AND value = ${row!.value}`
      if (changed.count === 1) today = next
    },
  }
}
