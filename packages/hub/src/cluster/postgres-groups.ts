/**
 * Many writes, one transaction: while one is under way the next gathers. A log always goes by the same of a few writers, so that its
 * numbers, and what followers are told, keep the order in which it was asked.
 */
import { StoreFailure } from '../store/entry-store.ts'
import type { StoreOptions } from '../store/hub-storage.ts'
import type { Write } from './postgres-batch.ts'
import { isWorthAnotherTry, toStoreFailure } from './postgres-failure.ts'
import { type Postgres, writersMax } from './postgres-pool.ts'
import { commitGroup } from './postgres-transaction.ts'

export type Groups = {
  /** Takes a write into the group that is gathered. */
  readonly add: (write: Write) => void
  /** Resolves when there is room for more: nothing piles up before a database that is slow. */
  readonly room: (key: string) => Promise<void>
  /** Resolves when all is written, or has failed. */
  readonly settled: () => Promise<void>
}

/** One transaction: about what PostgreSQL writes in 20 ms. */
const groupWritesMax = 1000
const groupBytesMax = 4 * 1024 * 1024

/** What may wait for one writer. */
const waitingBytesMax = 16 * 1024 * 1024
const waitingWritesMax = 10_000

/** A conflict, a restart or a change of the machine that leads is over by then: about four seconds. */
const triesMax = 8

type Writer = {
  readonly waiting: Write[]
  bytes: number
  running: Promise<void> | undefined
  readonly blocked: (() => void)[]
}

/** `unnamed`: told of large entries that no row names any more. */
export function createGroups(
  sql: Postgres,
  today: () => number,
  options: StoreOptions,
  unnamed: (names: readonly Uint8Array[]) => void,
): Groups {
  const writers = Array.from(
    { length: writersMax },
    (): Writer => ({ waiting: [], bytes: 0, running: undefined, blocked: [] }),
  )
  const writerOf = (key: string): Writer => writers[Number.parseInt(key.slice(0, 2), 16) % writersMax]!
  const isFull = (writer: Writer) => writer.bytes > waitingBytesMax || writer.waiting.length > waitingWritesMax

  async function run(writer: Writer): Promise<void> {
    while (writer.waiting.length > 0) {
      await commit(takeGroup(writer))
      if (!isFull(writer)) for (const resume of writer.blocked.splice(0)) resume()
    }
    writer.running = undefined
  }

  function takeGroup(writer: Writer): Write[] {
    let count = 0
    let bytes = 0
    while (count < writer.waiting.length && count < groupWritesMax && (count === 0 || bytes < groupBytesMax)) {
      bytes += bytesOf(writer.waiting[count]!)
      count += 1
    }
    writer.bytes -= bytes
    return writer.waiting.splice(0, count)
  }

  async function commit(group: Write[]): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      try {
        const committed = await commitGroup(sql, group, today(), options)
        const { results } = committed
        unnamed(committed.unnamed)
        results.forEach((result, at) => {
          if (result instanceof StoreFailure) group[at]!.failed(result)
          else group[at]!.done(result)
        })
        return
      } catch (cause) {
        // Nothing of it was kept, or all of it was: the same once more finds what is there.
        if (isWorthAnotherTry(cause) && tries < triesMax) {
          await new Promise((resolve) => setTimeout(resolve, Math.min(1000, 20 * 2 ** tries)))
          continue
        }
        fail(group, cause)
        return
      }
    }
  }

  function fail(group: readonly Write[], cause: unknown): void {
    let failure = cause
    try {
      failure = toStoreFailure(cause)
    } catch {
      // A mistake of ours: whoever asked is told as it is.
    }
    if (failure instanceof StoreFailure) options.failed(failure)
    for (const write of group) write.failed(failure)
  }

  return {
    add(write) {
      const writer = writerOf(write.log.key)
      writer.waiting.push(write)
      writer.bytes += bytesOf(write)
      writer.running ??= new Promise<void>((resolve) => options.soon(resolve)).then(() => run(writer))
    },
    async room(key) {
      const writer = writerOf(key)
      while (isFull(writer)) await new Promise<void>((resolve) => writer.blocked.push(resolve))
    },
    async settled() {
      for (const writer of writers) while (writer.running !== undefined) await writer.running
    },
  }
}

const bytesOf = (write: Write): number =>
  write.kind === 'append' ? write.entries.reduce((sum, { bytes }) => sum + bytes.length, 0) : 0
