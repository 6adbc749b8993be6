import { equalBytes, KithError } from '../../bytes/index.ts'
import { type Change, kinds } from '../../change/index.ts'
import { encodeDeviceCut, isRankAtLeast } from '../../membership/index.ts'
import type { Cancel } from '../../ports/index.ts'
import type { Engine } from '../engine.ts'
import { chainHeads } from '../heads.ts'
import { seen } from '../removal.ts'
import type { Replica } from '../replica.ts'
import { startEpoch } from '../rotation.ts'
import type { OwnPerson } from './own-person.ts'

/**
 * What a revocation leaves to do, one durable task for each space: the device cut, then a new epoch (membership rule 10). Whichever device
 * of the person is there does it; the one that revoked begins at once, the others after a while, with what is still to do.
 */
export type Tasks = {
  /** Notes what is to do, the spaces used last first. Within the open transaction. */
  readonly queueCuts: (revocation: Uint8Array) => void
  /** Notes what other devices have left to do. */
  readonly look: () => void
  readonly left: () => number
  readonly close: () => void
}

export type TasksInput = {
  readonly engine: Engine
  readonly person: OwnPerson
  readonly spaces: () => readonly { readonly n: number }[]
  readonly replicaOf: (n: number) => Replica
  readonly wake: (n: number) => void
  /** Resolves when what hubs have of a space is here. @throws KithError `hub-unreachable`. */
  readonly synced: (n: number) => Promise<void>
}

/** How long others are given who may be doing it. */
const othersMs = 30_000
/** Done in one transaction: what a disk takes for one commit is shared. */
const atOnce = 8
const againMs = 30_000

const noId = new Uint8Array(0)
const cut = 'cut'
const repair = 'repair'

export const createTasks = ({ engine, person, spaces, replicaOf, wake, synced }: TasksInput): Tasks => {
  const { statements, unit, platform, clock } = engine
  const { crypto } = platform
  const own = engine.person.person
  let cancel: Cancel | undefined
  let isRunning = false
  /** After a failure one by one, so that it is known which one fails. */
  let size = atOnce
  let isClosed = false

  const add = (kind: string, space: number, id: Uint8Array, dueMs: number): void => {
    unit.enter()
    statements('INSERT OR IGNORE INTO task (kind, space, id, due) VALUES (?, ?, ?, ?)').run(kind, space, id, dueMs)
  }
  const drop = (n: number): void => {
    unit.enter()
    statements('DELETE FROM task WHERE n = ?').run(n)
  }

  const inOrder = (): number[] => {
    const known = new Set(spaces().map(({ n }) => n))
    return statements("SELECT n FROM space WHERE kind = 'space' ORDER BY last_change DESC, n DESC")
      .all()
      .map((row) => row.n as number)
      .filter((n) => known.has(n))
  }

  const laterMs = (): number => clock.nowMs() + Math.floor(othersMs * (1 + (crypto.randomBytes(1)[0] as number) / 256))

  /** The one that revoked, or came back by the phrase, is the one that is there. */
  const isOurs = (revocation: Uint8Array): boolean =>
    isByThis(revocation) || isBy(revocation, person.genesis().recovery.signing)
  const isByThis = (revocation: Uint8Array): boolean => isBy(revocation, engine.person.device.signing.publicKey)
  const isBy = (revocation: Uint8Array, author: Uint8Array): boolean => {
    const change = replicaOf(engine.personSpace)
      .changes()
      .find(({ hash }) => equalBytes(hash, revocation))
    return change !== undefined && equalBytes(change.header.device, author)
  }

  /** Left by what this device did: a revocation, or an app that it brought in. */
  const isRepairOurs = (): boolean =>
    person.missedTags().some(({ tags }) => tags.some(person.isBringer)) ||
    replicaOf(engine.personSpace)
      .changes()
      .some(({ hash, header }) => header.kind === kinds.removal && isOurs(hash))

  /** A cut makes void what is not here, and the rows of a space that was only just found come after its members. */
  const pullFirst = async (tasks: readonly Task[]): Promise<void> => {
    const others = tasks.filter(({ kind, id }) => kind === cut && !isByThis(id))
    await Promise.all([...new Set(others.map(({ space }) => space))].map(synced))
  }

  const cutDevice = (replica: Replica, revocation: Uint8Array): Change | undefined => {
    const owed = replica.membership.cutsOwed(own).find((one) => equalBytes(one.revocation, revocation))
    const me = replica.me()
    // Somebody else of us has done it, or this person is out of the space.
    if (!owed || !me) return undefined
    const heads = chainHeads(engine, replica, owed.devices)
    const body = encodeDeviceCut({ salt: crypto.randomBytes(16), revocation, cut: heads })
    const change = replica.writeMembership(kinds.deviceCut, body, { ...seen(engine, replica), joinsLast: true })
    if (isRankAtLeast(me.rank, 'writer') && replica.membership.isRotationOwed())
      startEpoch(engine, replica, { joinsLast: true })
    return change
  }

  type Task = { readonly n: number; readonly kind: string; readonly space: number; readonly id: Uint8Array }

  const perform = ({ n, kind, space, id }: Task): void => {
    if (kind === repair) {
      if (person.isRepairDue()) person.repair()
    } else if (spaces().some((one) => one.n === space)) {
      cutDevice(replicaOf(space), id)
    }
    drop(n)
  }

  const due = (): Task[] =>
    statements('SELECT n, kind, space, id FROM task WHERE due <= ? ORDER BY n LIMIT ?').all(
      clock.nowMs(),
      size,
    ) as unknown as Task[]

  const run = async (): Promise<void> => {
    for (let tasks = due(); tasks.length > 0; tasks = due()) {
      // A commit of what others are writing: what fails here undoes nothing of theirs.
      unit.commit()
      await pullFirst(tasks)
      if (isClosed) return
      engine.whole(() => tasks.forEach(perform))
      await unit.durable()
      for (const { space } of tasks) wake(space)
      await new Promise<void>((resolve) => platform.clock.soon(resolve))
      if (isClosed) return
    }
  }

  const schedule = (): void => {
    if (isClosed || isRunning) return
    cancel?.()
    const next = statements('SELECT min(due) AS due FROM task').get()?.due
    if (typeof next !== 'number') return
    cancel = platform.clock.after(Math.max(next - clock.nowMs(), 0), start)
  }
  const start = (): void => {
    isRunning = true
    run().then(
      () => {
        isRunning = false
        schedule()
      },
      (cause) => {
        isRunning = false
        if (!(cause instanceof KithError)) throw cause
        if (isClosed) return
        // A full disk stands in the way of all; otherwise it is a space that cannot be written to now.
        if (cause.code.startsWith('storage-') || !tryPostpone()) cancel = platform.clock.after(againMs, start)
        else schedule()
      },
    )
  }
  const tryPostpone = (): boolean => {
    try {
      postpone()
      return true
    } catch (cause) {
      if (cause instanceof KithError) return false
      throw cause
    }
  }
  /** One by one the first is what failed: the others go before it. */
  const postpone = (): void => {
    const [failed] = due()
    if (size > 1 || !failed) {
      size = 1
      return
    }
    size = atOnce
    unit.enter()
    statements('UPDATE task SET due = ? WHERE n = ?').run(clock.nowMs() + againMs, failed.n)
  }

  schedule()
  return {
    queueCuts: (revocation) => {
      for (const n of inOrder()) add(cut, n, revocation, 0)
      schedule()
    },
    look: () => {
      if (!person.isLive()) return
      for (const n of inOrder()) {
        for (const { revocation } of replicaOf(n).membership.cutsOwed(own))
          add(cut, n, revocation, isOurs(revocation) ? 0 : laterMs())
      }
      if (person.isRepairDue()) {
        add(repair, engine.personSpace, noId, isRepairOurs() ? 0 : laterMs())
      }
      schedule()
    },
    left: () => statements('SELECT count(*) AS n FROM task').get()?.n as number,
    close: () => {
      isClosed = true
      cancel?.()
    },
  }
}
