import { equalBytes } from '../bytes/index.ts'
import { type Change, type DataBody, kinds, type Time } from '../change/index.ts'
import { clockAheadMsMax } from '../limits/index.ts'
import type { Membership } from '../membership/index.ts'
import type { CompiledRecord } from './compiled.ts'
import type { ContentArrivals } from './content-order.ts'
import { createEffects } from './effects.ts'
import type { NumberedChange } from './history.ts'
import type { JudgeInput } from './judge.ts'
import { changesOfChain, clearSpace, contentChanges } from './rebuild.ts'
import type { SpaceEntry } from './registry.ts'
import { createRetraction } from './retract.ts'
import type { Store } from './store.ts'
import { createTurn } from './turn.ts'
import { createVerdicts, type Outcome } from './verdicts.ts'
import { createWaiting } from './waiting.ts'

/**
 * What becomes of the content changes of one space: each is applied, waits, or is held back with a reason. All changes
 * here are verified and in history already. What is returned are the ids of the tables touched.
 */
export type Content = {
  /** Takes changes in any order, each once. */
  readonly take: (changes: Iterable<NumberedChange>, nowMs: number) => Set<string>
  /** Judges again what waited for membership changes that are here, with all that they rest on, only now. */
  readonly membershipCame: (hashes: Iterable<Uint8Array>, nowMs: number) => Set<string>
  /** Judges again all changes of these devices, for what membership says of them may be another now, and what depends on those. */
  readonly reconsider: (devices: Iterable<Uint8Array>, nowMs: number) => Set<string>
  /** Judges again what waited for our clock. */
  readonly retry: (nowMs: number) => Set<string>
  /** A chain has branched or was filled up (see `Texts.branched`). Call after `take`. */
  readonly branched: (chain: number) => void
  /** Applies a change of this device, which it has judged itself (`judgeByAll`). */
  readonly applyOwn: (change: NumberedChange, input: OwnInput) => Set<string>
  /** What would become of a change that is in no history. */
  readonly judge: (change: Change, nowMs: number) => Outcome
  /** Takes a change of this device as if it had come. */
  readonly takeOwn: (change: NumberedChange, nowMs: number) => Set<string>
  /** Milliseconds at which the first change that waits for our clock is due. */
  readonly nextDue: () => number | undefined
  /** Makes everything that the space shows anew from its segments. */
  readonly rebuild: (nowMs: number) => Set<string>
}

type OpIds = (index: number) => Uint8Array

export type OwnInput = {
  readonly record: CompiledRecord
  readonly body: DataBody
  readonly opId: OpIds
  readonly address: Uint8Array
}

export type ContentInput = {
  readonly store: Store
  readonly space: SpaceEntry
  readonly crypto: JudgeInput['crypto']
  readonly membership: Membership
  readonly origin: JudgeInput['origin']
  /** Tells whose changes may have come inside a cut by what has arrived. */
  readonly arrivals: ContentArrivals
  /** A change has left the wait for our clock: the clock may follow it now. */
  readonly observe: (time: Time) => void
}

/** Whether a change that waited for this hash is another one. */
const isReissueOf = (change: Change, hash: Uint8Array): boolean =>
  change.header.kind === kinds.reissue && !equalBytes(change.hash, hash)

export const createContent = ({
  store,
  space,
  crypto,
  membership,
  origin,
  arrivals,
  observe,
}: ContentInput): Content => {
  const { statements, merge, frontier, history, registry, rows, texts, twins, cells, labels } = store
  const waiting = createWaiting(statements, space.n)
  const verdicts = createVerdicts({ store, space, crypto, membership, origin })
  const read = (number: number): NumberedChange => ({ number, change: history.change(number) })
  const retraction = createRetraction({
    statements,
    crypto,
    registry,
    cells,
    rows,
    texts,
    labels,
    merge,
    read: (number) => verdicts.read(read(number)),
  })
  /** Changes that something came for which turns their verdict. */
  let toTurn: NumberedChange[] = []
  const effects = createEffects({
    store,
    space,
    waiting,
    verdicts,
    retraction,
    reissued: (target) => toTurn.push(target),
  })
  const turn = createTurn({ statements, space: space.n, cells, waiting, verdicts, effects, retraction, read })

  const takeOne = (numbered: NumberedChange, nowMs: number, touched: Set<string>): void =>
    effects.give(numbered, verdicts.judge(numbered, nowMs), touched)

  const takeAgain = (numbers: readonly number[], nowMs: number, touched: Set<string>): void => {
    for (const number of numbers) {
      effects.forget(number)
      takeOne(read(number), nowMs, touched)
    }
  }

  /** Each row that came may free changes that waited for it, and these may bring further rows. */
  const wakeByRows = (nowMs: number, touched: Set<string>): void => {
    for (let arrived = rows.takeArrived(); arrived.length > 0; arrived = rows.takeArrived()) {
      for (const { id } of arrived) takeAgain(waiting.takeByNeed(id), nowMs, touched)
    }
  }

  const finish = (nowMs: number, touched: Set<string>): Set<string> => {
    wakeByRows(nowMs, touched)
    for (let again = takeTurning(); again.length > 0; again = takeTurning()) {
      // What is to be shown is shown before any of it is taken back.
      merge.settle()
      const suspects = turn(again, touched)
      wakeByRows(nowMs, touched)
      for (const suspect of suspects) {
        const left = twins.recheck(space.n, suspect)
        if (left !== undefined) toTurn.push(read(left))
      }
    }
    merge.settle()
    return touched
  }

  const takeTurning = (): NumberedChange[] => {
    const again = [...toTurn, ...twins.takeFound(space.n).map(read)]
    toTurn = []
    return again
  }

  const turnDevices = (devices: Iterable<Uint8Array>): void => {
    for (const device of devices) {
      const chain = registry.knownChain(space.n, device, 1)
      if (chain) toTurn.push(...changesOfChain(history, chain.n))
    }
  }

  const makeAnew = (nowMs: number, touched: Set<string>): void => {
    merge.settle()
    const rebuildTexts = texts.rebuild(space.n)
    clearSpace(statements, space)
    waiting.cleared()
    twins.cleared(space.n)
    frontier.clear(space.n)
    toTurn = []
    for (const numbered of contentChanges(registry, history, space.n)) {
      takeOne(numbered, nowMs, touched)
      cover(numbered.change, false)
    }
    wakeByRows(nowMs, touched)
    rebuildTexts()
  }

  /** What only a newer version could judge: this may be one. Once is enough, for nothing that comes changes it. */
  let isStuckTried = false
  const tryStuck = (nowMs: number, touched: Set<string>): void => {
    if (isStuckTried) return
    isStuckTried = true
    takeAgain(waiting.takeStuck(), nowMs, touched)
  }

  const cover = (change: Change, isOwn: boolean): void =>
    frontier.add(space.n, change.hash, [change.header.prev, ...change.header.deps.content], isOwn)

  const take: Content['take'] = (changes, nowMs) => {
    const touched = new Set<string>()
    const all = [...changes]
    const shaken = arrivals.came(all.map(({ change }) => change))
    tryStuck(nowMs, touched)
    for (const numbered of all) {
      // What waited for its body has it now, under another number; others waited for it.
      const woken = waiting.isEmpty() ? [] : waiting.takeByNeed(numbered.change.hash)
      takeOne(numbered, nowMs, touched)
      cover(numbered.change, false)
      const { hash } = numbered.change
      takeAgain(
        woken.filter((number) => isReissueOf(history.change(number), hash)),
        nowMs,
        touched,
      )
    }
    turnDevices(shaken.concat(arrivals.asked()))
    return finish(nowMs, touched)
  }

  return {
    take,
    membershipCame: (hashes, nowMs) => {
      const touched = new Set<string>()
      if (waiting.isEmpty()) return touched
      for (const hash of hashes) takeAgain(waiting.takeByNeed(hash), nowMs, touched)
      return finish(nowMs, touched)
    },
    reconsider: (devices, nowMs) => {
      const touched = new Set<string>()
      turnDevices(devices)
      finish(nowMs, touched)
      // They have just been judged by all that is here.
      arrivals.asked()
      return touched
    },
    retry: (nowMs) => {
      const touched = new Set<string>()
      const due = waiting.takeDue(nowMs + clockAheadMsMax)
      for (const number of due) observe(history.change(number).header.time)
      takeAgain(due, nowMs, touched)
      tryStuck(nowMs, touched)
      return finish(nowMs, touched)
    },
    applyOwn: ({ number, change }, { record, body, opId, address }) => {
      cover(change, true)
      const touched = merge.apply({ space, record, change, number, body, opId, address })
      return finish(change.header.time.ms, touched)
    },
    judge: (change, nowMs) => verdicts.judge({ number: 0, change }, nowMs),
    takeOwn: (numbered, nowMs) => {
      const touched = new Set<string>()
      cover(numbered.change, true)
      takeOne(numbered, nowMs, touched)
      return finish(nowMs, touched)
    },
    branched: (chain) => texts.branched(space.n, chain),
    nextDue: waiting.nextDue,
    rebuild: (nowMs) => {
      const touched = new Set<string>()
      makeAnew(nowMs, touched)
      return finish(nowMs, touched)
    },
  }
}
