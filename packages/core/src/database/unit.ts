import type { Cancel, Clock, SqlDatabase } from '../ports/index.ts'

/**
 * The group commit: work that arrives while a transaction is open shares its one durable commit, and everybody who
 * waits for durability is told after it.
 */
export type Unit = {
  /** Opens the transaction if none is open and schedules its commit, or brings that forward. Call before every write. */
  readonly enter: (haste?: Haste) => void
  /** Resolves when what was written so far is durable; rejects when the transaction was undone. */
  readonly durable: () => Promise<void>
  /** Runs after the next successful commit, when every query sees it; it may not be durable yet. */
  readonly afterCommit: (run: () => void) => void
  /** Commits now. Throws nothing: failures reach those who wait for what is durable. */
  readonly commit: () => void
  /** Undoes everything since the last commit, because memory and disk may disagree. */
  readonly abandon: (cause: unknown) => void
  readonly isOpen: () => boolean
}

/**
 * When the commit has to come. `now`: somebody waits for it, so in this turn. `soon`: it came from a hub, which has it, so
 * live queries show it first. `later`: losing it costs a little work and no data (what a hub has acknowledged), so it shares the
 * commit of whatever comes next.
 */
export type Haste = 'now' | 'soon' | 'later'

/** How long `later` waits for company. */
const laterMs = 100
const order: readonly Haste[] = ['later', 'soon', 'now']

export type UnitHooks = {
  /** Last writes of the transaction: segments for the changes made in it. */
  readonly beforeCommit: () => void
  /** What the commit should wait for, if anything. It is asked again afterwards. */
  readonly awaited: () => Promise<unknown> | undefined
  /** The transaction was undone: memory must be read again from disk. */
  readonly undone: (cause: unknown) => void
}

type Waiter = { resolve: () => void; reject: (cause: unknown) => void }

export const createUnit = (database: SqlDatabase, clock: Clock, hooks: UnitHooks): Unit => {
  let open = false
  /** Counts transactions, so that a late wait does not commit the next one early. */
  let transaction = 0
  let cancel: Cancel | undefined
  let scheduled: Haste = 'later'
  let waiters: Waiter[] = []
  let after: (() => void)[] = []
  /** Settles with the last commit's flush. */
  let flushed: Promise<void> = Promise.resolve()
  /** Why a flush failed: nothing is written after it. */
  let broken: { readonly cause: unknown } | undefined

  const begin = database.prepare('BEGIN IMMEDIATE')
  const end = database.prepare('COMMIT')

  const settle = (tell: (waiter: Waiter) => void): void => {
    const told = waiters
    waiters = []
    for (const waiter of told) tell(waiter)
  }

  /** The disk's flush is the dearest part of a commit: it goes on beside what comes next, and only those wait who asked for it. */
  const settleWhenFlushed = (): void => {
    if (!database.flush) return settle((waiter) => waiter.resolve())
    const told = waiters
    waiters = []
    flushed = database.flush()
    flushed.then(
      () => {
        for (const { resolve } of told) resolve()
      },
      (cause: unknown) => {
        broken = { cause }
        for (const { reject } of told) reject(cause)
        abandon(cause)
      },
    )
  }

  const abandon = (cause: unknown): void => {
    if (!open) return
    open = false
    cancel?.()
    after = []
    try {
      database.exec('ROLLBACK')
    } catch {
      // SQLite has rolled back by itself (disk full, I/O error): the state that we want.
    }
    try {
      hooks.undone(cause)
    } finally {
      // Whatever else is wrong, nobody waits for ever.
      settle((waiter) => waiter.reject(cause))
    }
  }

  const commit = (): void => {
    if (!open) return
    cancel?.()
    try {
      hooks.beforeCommit()
      end.run()
    } catch (cause) {
      abandon(cause)
      return
    }
    open = false
    const runs = after
    after = []
    settleWhenFlushed()
    for (const run of runs) run()
  }

  /** The scheduled commit: not before what is being prepared for it on other threads. */
  const commitWhenReady = (): void => {
    const awaited = hooks.awaited()
    if (!awaited) return commit()
    const own = transaction
    void awaited.then(() => {
      if (open && transaction === own) commitWhenReady()
    })
  }

  const schedule = (haste: Haste): void => {
    cancel?.()
    scheduled = haste
    if (haste === 'now') cancel = clock.soon(commitWhenReady)
    else if (haste === 'soon') {
      cancel = clock.soon(() => {
        cancel = clock.soon(commitWhenReady)
      })
    } else cancel = clock.after(laterMs, commitWhenReady)
  }

  return {
    enter: (haste = 'now') => {
      if (!open) {
        if (broken) throw broken.cause
        begin.run()
        open = true
        transaction += 1
        schedule(haste)
      } else if (order.indexOf(haste) > order.indexOf(scheduled)) schedule(haste)
    },
    durable: () => {
      if (!open) return flushed
      if (scheduled === 'later') schedule('now')
      return new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }))
    },
    afterCommit: (run) => {
      if (open) after.push(run)
      else run()
    },
    commit,
    abandon,
    isOpen: () => open,
  }
}
