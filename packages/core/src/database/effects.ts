import { equalBytes } from '../bytes/index.ts'
import { kinds } from '../change/index.ts'
import type { Retraction } from './retract.ts'
import type { NumberedChange } from './history.ts'
import type { SpaceEntry } from './registry.ts'
import type { Store } from './store.ts'
import type { TwinRow } from './twins.ts'
import type { Outcome, Verdicts } from './verdicts.ts'
import type { Waiting } from './waiting.ts'

/** Gives single changes their place, and takes it from them again: after both, everything is as before. */
export type Effects = {
  readonly give: (change: NumberedChange, outcome: Outcome, touched: Set<string>) => void
  /** Takes a change back, up to `Retraction.settle`. */
  readonly takeBack: (change: NumberedChange, touched: Set<string>) => TakenBack
  /** Whether a change has the place that this outcome would give it. */
  readonly isAsIs: (number: number, outcome: Outcome) => boolean
  readonly place: (number: number) => Place
  /** It is judged anew, having waited: what was noted of it is not true any more. */
  readonly forget: (number: number) => void
}

/** What a change had, besides rows. */
export type TakenBack = {
  /** Rows of it that another change inserts too. */
  readonly twins: readonly TwinRow[]
  /** What it gave effect to, being a re-issue. */
  readonly target: NumberedChange | undefined
  /** The row that it waited for. */
  readonly need: Uint8Array | undefined
}

export type Place = 'applied' | 'waits for our clock' | 'waiting' | 'held back'

export type EffectsInput = {
  readonly store: Store
  readonly space: SpaceEntry
  readonly waiting: Waiting
  readonly verdicts: Verdicts
  readonly retraction: Retraction
  /** A re-issue has given effect to this change, which may have been judged before. */
  readonly reissued: (target: NumberedChange) => void
}

type HeldRow = { readonly code: string; readonly reason: string; readonly claims: number }

export const createEffects = (input: EffectsInput): Effects => {
  const { store, space, waiting, verdicts, retraction, reissued } = input
  const { statements, merge, rows, twins, history, registry } = store

  const heldRow = (number: number): HeldRow | undefined =>
    statements('SELECT code, reason, claims FROM held WHERE change = ?').get(number) as HeldRow | undefined

  const place: Effects['place'] = (number) => {
    const wait = waiting.get(number)
    if (wait) return wait.due === null ? 'waiting' : 'waits for our clock'
    return heldRow(number) ? 'held back' : 'applied'
  }

  const forget = (number: number): void => {
    statements('DELETE FROM leaning WHERE change = ?').run(number)
    twins.release(space.n, number)
  }

  const give: Effects['give'] = (numbered, outcome, touched) => {
    const { number } = numbered
    for (const row of outcome.asked ?? [])
      statements('INSERT OR IGNORE INTO leaning (space, row, change) VALUES (?, ?, ?)').run(space.n, row, number)
    switch (outcome.state) {
      case 'applied':
        for (const table of merge.apply(outcome.merged)) touched.add(table)
        return
      case 're-issues': {
        const { target } = outcome
        const sql = 'INSERT OR IGNORE INTO reissue (space, target, change) VALUES (?, ?, ?)'
        statements(sql).run(space.n, target.change.hash, number)
        return reissued(target)
      }
      case 'waiting': {
        const { wait, expects, claims } = outcome
        if (claims) twins.claim(claims)
        if (expects) rows.expect({ space: space.n, app: expects.app, table: expects.table }, expects.row)
        return waiting.add(number, wait)
      }
      case 'held back': {
        const { code, reason, claims } = outcome
        if (claims) twins.claim(claims)
        statements('INSERT INTO held (change, space, code, reason, claims) VALUES (?, ?, ?, ?, ?)').run(
          number,
          space.n,
          code,
          reason,
          claims ? 1 : 0,
        )
        // Whoever may not write may still have typed next to others: their words go, the others' stay.
        const merged = verdicts.read(numbered)
        if (merged) for (const table of merge.applyVoid(merged)) touched.add(table)
      }
    }
  }

  const takeBack: Effects['takeBack'] = (numbered, touched) => {
    const { number, change } = numbered
    const before = place(number)
    const released = twins.release(space.n, number)
    forget(number)
    let target: NumberedChange | undefined
    let need: Uint8Array | undefined
    if (before === 'held back') {
      statements('DELETE FROM held WHERE change = ?').run(number)
      const merged = verdicts.read(numbered)
      if (merged) for (const table of retraction.unapplyVoid(merged)) touched.add(table)
    } else if (before === 'applied' && change.header.kind === kinds.reissue) {
      statements('DELETE FROM reissue WHERE change = ? AND space = ?').run(number, space.n)
      const named = verdicts.targetOf(change)
      const chain = named && registry.knownChain(space.n, named.device, 1)
      target = chain && history.find(chain, named.seq, named.change)
    } else if (before === 'applied') {
      const merged = verdicts.read(numbered)
      if (merged) for (const table of retraction.unapply(merged)) touched.add(table)
    } else {
      const wait = waiting.get(number)?.need
      waiting.remove(number)
      if (wait?.length === rowIdBytes) need = wait
    }
    return { twins: released, target, need }
  }

  const isAsIs: Effects['isAsIs'] = (number, outcome) => {
    const wait = waiting.get(number)
    if (outcome.state === 'waiting') {
      const { need, due, reason } = outcome.wait
      if (!wait || wait.reason !== reason || (wait.due ?? undefined) !== due) return false
      return need && wait.need ? equalBytes(need, wait.need) : !need && !wait.need
    }
    if (wait) return false
    const held = heldRow(number)
    if (outcome.state !== 'held back') return held === undefined
    return (
      held !== undefined &&
      held.code === outcome.code &&
      held.reason === outcome.reason &&
      (held.claims === 1) === (outcome.claims !== undefined)
    )
  }

  return { give, takeBack, isAsIs, place, forget }
}

const rowIdBytes = 16
