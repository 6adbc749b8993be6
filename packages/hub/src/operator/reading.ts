/** What the operator is shown, read at one moment. */
import { statfsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { HubAccess } from '@kith/core/wire'
import type { Counts } from '../meter.ts'
import type { StoreTotals } from '../store/entry-store.ts'

export type Reading = {
  readonly atMs: number
  readonly health: 'ok' | 'storage fails'
  readonly access: HubAccess
  /** How many there are, and invites that nobody has used. */
  readonly members: { readonly joined: number; readonly invited: number }
  readonly connections: number
  readonly totals: StoreTotals
  readonly counts: Counts
  /** The database with its log of changes, and what is free on its disk; undefined for a hub in memory or in a database elsewhere. */
  readonly disk: { readonly databaseBytes: number; readonly freeBytes: number } | undefined
  /** Whether S3 does not answer, so that large entries cannot be had. */
  readonly isLargeAway: boolean
  /** Whether the hub's processes tell each other at once; undefined where there is one. */
  readonly isFanOutConnected: boolean | undefined
  readonly memoryBytes: number
  readonly upSeconds: number
}

export function readDisk(storage: string | undefined): Reading['disk'] {
  if (storage === undefined || storage === ':memory:') return undefined
  try {
    const { bavail, bsize } = statfsSync(dirname(storage))
    // What came since the last checkpoint is in the log alone.
    const log = statSync(`${storage}-wal`, { throwIfNoEntry: false })
    return { databaseBytes: statSync(storage).size + (log?.size ?? 0), freeBytes: bavail * bsize }
  } catch {
    // The folder is gone or unreadable: health tells.
    return undefined
  }
}
