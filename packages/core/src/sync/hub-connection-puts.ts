/** Splits many entries into frames, and keeps only so many bytes under way that a slow line or hub is not buried. */
import { KithError } from '../bytes/index.ts'
import { entriesPerFrameMax, entryBytesMax, frameFillBytes, idsPerItemMax, putWindowBytes } from '../limits/index.ts'
import { isRefusal, type Lane, type PutItem, type Refusal, refusalToError, type StoredEntries } from '../wire/index.ts'

export type Puts = {
  readonly put: (
    log: Uint8Array,
    lane: Lane,
    entries: readonly Uint8Array[],
    covers: readonly Uint8Array[],
  ) => Promise<StoredEntries>
  readonly fail: (reason: KithError) => void
}

/** Rejects with 'too-large' for an entry over `entryBytesMax`, and with what `send` rejects with. */
export function createPuts(send: (item: PutItem) => Promise<StoredEntries>): Puts {
  let underWayBytes = 0
  let failure: KithError | undefined
  const waiting: (() => void)[] = []

  async function sendFrame(item: PutItem): Promise<StoredEntries> {
    const bytes = item.entries.reduce((sum, entry) => sum + entry.length, 0)
    // At least one frame is always let through.
    const mustWait = () => underWayBytes > 0 && underWayBytes + bytes > putWindowBytes && failure === undefined
    while (mustWait()) await new Promise<void>((resolve) => waiting.push(resolve))
    if (failure !== undefined) throw failure
    underWayBytes += bytes
    try {
      return await send(item)
    } finally {
      underWayBytes -= bytes
      for (const resume of waiting.splice(0)) resume()
    }
  }

  return {
    async put(log, lane, entries, covers) {
      checkSizes(entries, covers)
      const frames = splitEntries(entries)
      // Only the last frame says what is covered: by then the whole pack is at the hub.
      const sent = frames.map((frame, at) =>
        sendFrame({ log, lane, entries: frame, covers: at === frames.length - 1 ? covers : [] }),
      )
      const results = await Promise.all(sent)
      return { generation: results[0]!.generation, numbers: results.flatMap(({ numbers }) => numbers) }
    },
    fail(reason) {
      failure = reason
      for (const resume of waiting.splice(0)) resume()
    },
  }
}

/** The result of a `put` with one item. */
export function toStored(result: StoredEntries | Refusal, entries: number): StoredEntries {
  if (isRefusal(result)) throw refusalToError(result)
  if (result.numbers.length !== entries) {
    throw new KithError('bad-encoding', 'The hub numbered other entries than were put.')
  }
  return result
}

function checkSizes(entries: readonly Uint8Array[], covers: readonly Uint8Array[]): void {
  if (covers.length > idsPerItemMax)
    throw new KithError('too-large', `A pack covers at most ${idsPerItemMax} entries. Split it.`)
  for (const { length } of entries) {
    if (length > entryBytesMax)
      throw new KithError('too-large', `An entry of ${length} bytes passes the limit of ${entryBytesMax}.`, { length })
  }
}

function splitEntries(entries: readonly Uint8Array[]): Uint8Array[][] {
  const frames: Uint8Array[][] = [[]]
  let bytes = 0
  for (const entry of entries) {
    const frame = frames.at(-1)!
    if (frame.length > 0 && (bytes + entry.length > frameFillBytes || frame.length >= entriesPerFrameMax)) {
      frames.push([entry])
      bytes = entry.length
    } else {
      frame.push(entry)
      bytes += entry.length
    }
  }
  return frames
}
