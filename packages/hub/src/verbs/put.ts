import { entryBytesMax, frameFillBytes } from '@kith/core/limits'
import {
  type ClientMessage,
  hubMessageToFrame,
  type Lane,
  type NumberedEntry,
  type PutItem,
  type Refusal,
  refusal,
  type StoredEntries,
} from '@kith/core/wire'
import type { HubLimitOptions } from '../limits/hub-limits.ts'
import { logWithRight, newLogRoom, type OpenLog, type Session } from '../session.ts'
import { type Appended, type NewEntry, StoreFailure } from '../store/entry-store.ts'

type Result = StoredEntries | Refusal

/** Appends; pushes what is new to followers at once; answers when it is on disk, without holding up the next message. */
export async function handlePut(session: Session, message: ClientMessage & { type: 'put' }): Promise<void> {
  const results: Promise<Result>[] = []
  for (const item of message.puts) results.push((await putOne(session, item)).durable)
  void Promise.all(results).then((settled) => {
    session.send({ type: 'stored', request: message.request, results: settled })
  }, session.defect)
}

/** The inner promise comes late; it is wrapped, for an async function would wait for it. */
async function putOne(session: Session, item: PutItem): Promise<{ durable: Promise<Result> }> {
  const log = logWithRight(session, item.log, 'write')
  if (log === undefined) return settled(refusal('refused'))
  const { store, crypto, knocks, limits } = session.hub
  const { prefix } = session.allowance
  const isKnock = log.kind === 'knock'
  try {
    const refused =
      refuseSize(item, log, limits) ??
      refuseRate(session, item) ??
      (isKnock ? knocks.refuse(log, prefix, item) : undefined) ??
      ((await store.has(log)) ? undefined : refuseNewLog(session, log))
    if (refused !== undefined) return settled(refused)
    const entries: NewEntry[] = item.entries.map((bytes) => ({ id: crypto.sha256(bytes), bytes }))
    if (isKnock) await knocks.makeRoom(log, prefix, entries)
    const appended = await store.append(log, item.lane, entries, item.covers)
    return { durable: passOn(session, log, item.lane, entries, appended) }
  } catch (cause) {
    return settled(failureToRefusal(cause))
  }
}

/** To the followers as soon as the numbers are known, to the writer when all is on disk. */
async function passOn(
  session: Session,
  log: OpenLog,
  lane: Lane,
  entries: readonly NewEntry[],
  appended: Appended,
): Promise<Result> {
  const { store, meter, fanOut } = session.hub
  try {
    const placed = await appended.placed
    const fresh = placed.flatMap(({ n, isNew }, at) => (isNew ? [{ n, ...entries[at]! }] : []))
    for (const { bytes } of fresh) meter.add('bytesPut', bytes.length)
    meter.add('entriesPut', fresh.length)
    publish(session, log, lane, fresh)
    // Who puts an entry again has missed the answer; whoever took it then may have died before it told the others.
    const last = Math.max(0, ...placed.map(({ n, isNew }) => (isNew ? 0 : n)))
    if (last > 0) fanOut.publish(log.key, { kind: 'news', lane, last })
    await appended.durable
    return { generation: store.generation, numbers: placed.map(({ n }) => n) }
  } catch (cause) {
    return failureToRefusal(cause)
  }
}

function settled(result: Result): { durable: Promise<Result> } {
  return { durable: Promise.resolve(result) }
}

function refuseSize(item: PutItem, log: OpenLog, limits: HubLimitOptions): Refusal | undefined {
  if (log.kind === 'location') {
    // A location is a few small records on the tail.
    if (item.lane !== 2) return refusal('refused')
    if (item.entries.some((entry) => entry.length > limits.locationBytesMax)) return refusal('too-large')
  }
  return item.entries.some((entry) => entry.length > entryBytesMax) ? refusal('too-large') : undefined
}

function refuseRate(session: Session, item: PutItem): Refusal | undefined {
  const bytes = item.entries.reduce((sum, entry) => sum + entry.length, 0)
  return (
    session.allowance.take('requests', 1 + item.covers.length / 16) ??
    session.allowance.take('entries', item.entries.length) ??
    session.allowance.take('putBytes', bytes)
  )
}

/** A new log is rationed, and may cost work; where it costs a token, the store says so. */
function refuseNewLog(session: Session, log: OpenLog): Refusal | undefined {
  if (session.hub.access.wantsToken(log)) return undefined
  const hasWorked = session.worked.delete(log.key)
  if (!hasWorked && session.hub.access.workBits(log, newLogRoom(session)) > 0) return refusal('work-needed')
  const slow = session.allowance.take('newLogs', hasWorked ? 1 / workedLogs : 1)
  if (slow === undefined) session.hub.newLogs.add()
  else if (hasWorked) session.worked.add(log.key)
  return slow
}

/** Logs that have cost work, for one that has cost none. */
const workedLogs = 16

/** Frames of about `frameFillBytes`, encoded once for all followers. */
function publish(session: Session, log: OpenLog, lane: Lane, entries: readonly NumberedEntry[]): void {
  let start = 0
  while (start < entries.length) {
    let bytes = 0
    let end = start
    do {
      bytes += entries[end]!.bytes.length
      end += 1
    } while (end < entries.length && bytes + entries[end]!.bytes.length <= frameFillBytes)
    const piece = entries.slice(start, end)
    const frame = hubMessageToFrame({
      type: 'entries',
      request: 0,
      log: log.id,
      lane,
      generation: session.hub.store.generation,
      state: end < entries.length ? 'more' : 'caught-up',
      entries: piece,
    })
    session.hub.fanOut.publish(log.key, {
      kind: 'entries',
      lane,
      first: piece[0]!.n,
      last: piece.at(-1)!.n,
      frame,
      from: session.id,
    })
    start = end
  }
}

/** A database or S3 that restarts, or whose other machine takes over, is back within seconds. */
const unavailableWaitMs = 2000

export function failureToRefusal(cause: unknown): Refusal {
  if (!(cause instanceof StoreFailure)) throw cause
  if (cause.reason === 'quota') return refusal('quota-full')
  if (cause.reason === 'unpaid') return refusal('token-needed')
  if (cause.reason === 'unavailable' || cause.reason === 'away') return refusal('slow-down', unavailableWaitMs)
  return refusal(cause.reason === 'full' ? 'storage-full' : 'storage-damaged')
}
