import type { Cancel, Clock, SqlDatabase } from '../ports/index.ts'

/**
 * The group commit: work that arrives while a transaction is open shares its one durable commit, and everybody who
 * waits for durability is told after it.
 */
export type Unit = {
  /**
   * Opens the transaction if none is open and schedules its commit. Call before every write. `unhurried`: nobody waits for
   * this to be durable (it came from a hub, which has it), so live queries show it first.
   */
  readonly enter: (unhurried?: 'unhurried') => void
  /** Resolves when what was written so far is durable; rejects when the transaction was undone. */
  readonly durable: () => Promise<void>
  /** Runs after the next successful commit. */
  readonly afterCommit: (run: () => void) => void
  /** Commits now. Throws nothing: failures reach those who wait. */
  readonly commit: () => void
  /** Undoes everything since the last commit, because memory and disk may disagree. */
  readonly abandon: (cause: unknown) => void
  readonly isOpen: () => boolean
}

export type UnitHooks = {
  /** Last writes of the transaction: segments for the changes made in it. */
  readonly beforeCommit: () => void
  /** What the commit should wait for, if anything. It is asked again afterwards. */
  readonly awaited: () => Promise<unknown> | undefined
  /** The transaction was undone: memory must be read again from disk. */
  readonly undone: () => void
}

type Waiter = { resolve: () => void; reject: (cause: unknown) => void }

export const createUnit = (database: SqlDatabase, clock: Clock, hooks: UnitHooks): Unit => {
  let open = false
  /** Counts transactions, so that a late wait does not commit the next one early. */
  let transaction = 0
  let cancel: Cancel | undefined
  let waiters: Waiter[] = []
  let after: (() => void)[] = []

  const begin = database.prepare('BEGIN IMMEDIATE')
  const end = database.prepare('COMMIT')

  const settle = (tell: (waiter: Waiter) => void): void => {
    const told = waiters
    waiters = []
    for (const waiter of told) tell(waiter)
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
    hooks.undone()
    settle((waiter) => waiter.reject(cause))
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
    settle((waiter) => waiter.resolve())
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

  return {
    enter: (unhurried) => {
      if (open) return
      begin.run()
      open = true
      transaction += 1
      cancel = clock.soon(unhurried ? () => (cancel = clock.soon(commitWhenReady)) : commitWhenReady)
    },
    durable: () =>
      open ? new Promise<void>((resolve, reject) => waiters.push({ resolve, reject })) : Promise.resolve(),
    afterCommit: (run) => {
      if (open) after.push(run)
      else run()
    },
    commit,
    abandon,
    isOpen: () => open,
  }
}
