import { assert, equalBytes, toHex } from '../bytes/index.ts'
import {
  type Change,
  decodeSegmentUnchecked,
  encodeSegment,
  isSpreadKind,
  kinds,
  type Segment,
  signSegment,
} from '../change/index.ts'
import { segmentBytesMax, segmentChangesMax } from '../limits/index.ts'
import type { Compression, Hashing } from '../ports/index.ts'
import { overlaps } from './branches.ts'
import { type ChainHead, createChainEnds } from './chain-ends.ts'
import type { ChainEntry, Registry } from './registry.ts'
import type { Statements } from './statements.ts'

/** A change and its local number: what rows and cells refer to. */
export type NumberedChange = { readonly number: number; readonly change: Change }

/** A segment as it is kept: `change` is the number of its first change, `bytes` are deflated, `unpacked` is their size before. */
export type StoredSegment = {
  readonly change: number
  readonly chain: number
  readonly epoch: Uint8Array
  readonly unpacked: number
  readonly bytes: Uint8Array
}

export type Stored = {
  /** Changes that were not known, or not with their body, with their numbers. */
  readonly fresh: readonly NumberedChange[]
  /** What was kept of it, if anything was new. */
  readonly stored: StoredSegment | undefined
  /** Which changes of the chain rest on which is known better now: it has branched, or a gap was filled in one with branches. */
  readonly isBranched: boolean
  /** Numbers of kept segments all of whose changes are in it. */
  readonly covered: readonly number[]
}

/**
 * The history of all spaces: segments on disk and the changes of the open transaction that are not in one yet. A change
 * is found by its local number; numbers rise but may have gaps.
 */
export type History = {
  /** Takes a change that this device has just made, at the end of `chain`. Returns its number. */
  readonly append: (chain: ChainEntry, change: Change) => number
  /** Writes the segments of all appended changes, each signed once. */
  readonly seal: () => StoredSegment[]
  /** Large changes are compressed on another thread meanwhile: `seal` need not do it then. Undefined: nothing is under way. */
  readonly compressed: () => Promise<unknown> | undefined
  /** Keeps a verified segment from elsewhere, as far as it was not known. */
  readonly store: (
    chain: ChainEntry,
    segment: Segment,
    deflated: Uint8Array,
    unpacked: number,
    isOwn?: boolean,
  ) => Stored
  /** As `covered` of what `store` returns, for a person's chain in a space: epoch records are carried there without their bodies. */
  readonly coveredAsCarried: (chain: ChainEntry, segment: Segment) => readonly number[]
  readonly change: (number: number) => Change
  /** A change by its place, under the number that it was taken with: the first that came with a body, or the first. */
  readonly find: (chain: ChainEntry, seq: number, hash: Uint8Array) => NumberedChange | undefined
  /** The segments of a chain that hold a change of this `seq`, and the runs that will be. `first` is the number of the first change. */
  readonly at: (chain: ChainEntry, seq: number) => { readonly first: number; readonly changes: readonly Change[] }[]
  /** The chain that a change number lies on. */
  readonly chainOf: (number: number) => ChainEntry
  /** The last change of a chain that this database wrote: what our next one follows. */
  readonly ownHead: (chain: ChainEntry) => ChainHead | undefined
  readonly segment: (change: number) => StoredSegment | undefined
  /** Numbers of the first changes of all segments of a chain, oldest first. */
  readonly segmentNumbers: (chain: number) => number[]
  /** Changes of a chain that are in no segment yet. */
  readonly unsealed: (chain: number) => NumberedChange[]
  /** Whether segments of a chain overlap: it has branches, or changes that are kept twice. */
  readonly isForked: (chain: number) => boolean
  readonly decode: (stored: StoredSegment) => Segment
  /** Numbers of changes still to come are at least this. */
  readonly nextNumber: () => number
  /** Whether the one change comes before the other on one branch of their device's content chain in a space. */
  readonly isAncestor: (space: number, earlier: ChainPosition, later: ChainPosition) => boolean
}

export type ChainPosition = { readonly device: Uint8Array; readonly seq: number; readonly change: Uint8Array }

/** Changes in one segment of ours: local numbers are set aside in blocks of this size. */
const runLengthMax = 1024
/** Bodies in one segment of ours: so small that an entry holds it even where nothing compresses. */
const runBytesMax = 256 * 1024
const decodedCacheSize = 24

/** Bodies from this size on are compressed on another thread, where there is one: asking it costs about 30 µs. */
const apartBytesMin = 16 * 1024

type Run = {
  readonly chain: ChainEntry
  readonly first: number
  readonly changes: Change[]
  bytes: number
  /** The segment of a large change, made at once. */
  ready: { readonly segment: Segment; readonly bytes: Uint8Array; deflated: Uint8Array | undefined } | undefined
}

export const createHistory = (
  statements: Statements,
  registry: Registry,
  crypto: Hashing,
  compression: Compression,
  sign: (message: Uint8Array) => Uint8Array,
): History => {
  const last = statements('SELECT max(change + count) AS next FROM segment').get()
  let nextNumber = (last?.next as number | null) ?? 1
  let runs: Run[] = []
  const ends = createChainEnds(statements)
  const compressing = new Set<Promise<void>>()
  const openRuns = new Map<number, Run>()
  const decoded = new Map<number, Segment>()
  const columns = 'change, chain, seq, count, own, unpacked, last, epoch, bytes'

  const decode = (stored: StoredSegment): Segment => {
    const known = decoded.get(stored.change)
    if (known) {
      decoded.delete(stored.change)
      decoded.set(stored.change, known)
      return known
    }
    const segment = decodeSegmentUnchecked(crypto, compression.inflate(stored.bytes, segmentBytesMax))
    remember(stored.change, segment)
    return segment
  }

  const remember = (number: number, segment: Segment): void => {
    decoded.set(number, segment)
    if (decoded.size > decodedCacheSize) decoded.delete(decoded.keys().next().value as number)
  }

  /** Chains in which two segments overlap: only there `prev` has to be followed to tell branches apart. */
  const forked = new Map<number, boolean>()
  const isForked = (chain: number): boolean => {
    let known = forked.get(chain)
    if (known === undefined) {
      const overlap = statements(`SELECT 1 FROM ${overlaps} LIMIT 1`).get(chain)
      known = overlap !== undefined
      forked.set(chain, known)
    }
    return known
  }

  const insert = (
    chain: ChainEntry,
    segment: Segment,
    first: number,
    bytes: Uint8Array,
    unpacked: number,
    isOwn: boolean,
  ): StoredSegment => {
    const head = segment.changes.at(-1) as Change
    const epoch = segment.changes[0]?.header.epoch as Uint8Array
    const seq = segment.changes[0]?.header.seq as number
    if (!forked.get(chain.n) && overlapping(chain, seq, segment.changes.length).length > 0) forked.set(chain.n, true)
    statements(`INSERT INTO segment (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`).run(
      first,
      chain.n,
      seq,
      segment.changes.length,
      isOwn ? 1 : 0,
      unpacked,
      head.hash,
      epoch,
      bytes,
    )
    ends.extended(chain.n, { seq: head.header.seq, hash: head.hash }, isOwn)
    return { change: first, chain: chain.n, epoch, unpacked, bytes }
  }

  const findRun = (number: number): Run | undefined =>
    runs.find((run) => number >= run.first && number < run.first + run.changes.length)

  const findRow = (number: number) =>
    statements(`SELECT ${columns} FROM segment WHERE change <= ? ORDER BY change DESC LIMIT 1`).get(number) as
      | (StoredSegment & { count: number })
      | undefined

  const chainOf = (number: number): ChainEntry => {
    const run = findRun(number)
    if (run) return run.chain
    const row = statements('SELECT chain FROM segment WHERE change <= ? ORDER BY change DESC LIMIT 1').get(number)
    assert(row, 'a change number without a segment')
    return registry.chain(row.chain as number)
  }

  const append = (chain: ChainEntry, change: Change): number => {
    let run = openRuns.get(chain.n)
    const previous = run?.changes.at(-1)
    const size = change.body?.length ?? 32
    const isLarge = size >= apartBytesMin && compression.deflateApart !== undefined
    const full = run && (isLarge || run.ready || run.changes.length >= runLengthMax || run.bytes + size > runBytesMax)
    // A change that starts its chain anew, or stands under another epoch (or is the genesis), cannot share a segment with the one before.
    const apart =
      previous &&
      (!equalBytes(previous.hash, change.header.prev) ||
        !equalBytes(previous.header.epoch, change.header.epoch) ||
        !equalBytes(previous.header.space, change.header.space) ||
        // Each of these lies on logs where what was written beside it must not be read.
        isSpreadKind(previous.header.kind) ||
        isSpreadKind(change.header.kind))
    if (!run || full || apart) {
      run = { chain, first: nextNumber, changes: [], bytes: 0, ready: undefined }
      nextNumber += isLarge ? 1 : runLengthMax
      runs.push(run)
      openRuns.set(chain.n, run)
    }
    run.changes.push(change)
    run.bytes += size
    if (isLarge) compressApart(run)
    return run.first + run.changes.length - 1
  }

  const compressApart = (run: Run): void => {
    const segment = signSegment(run.changes, sign)
    const ready: Run['ready'] = { segment, bytes: encodeSegment(segment), deflated: undefined }
    run.ready = ready
    const work = compression.deflateApart?.(ready.bytes).then(
      (deflated) => {
        ready.deflated = deflated
      },
      // `seal` does it then, and tells what is wrong.
      () => {},
    )
    if (!work) return
    compressing.add(work)
    void work.finally(() => compressing.delete(work))
  }

  const seal = (): StoredSegment[] => {
    const stored = runs.map((run) => {
      const segment = run.ready?.segment ?? signSegment(run.changes, sign)
      const bytes = run.ready?.bytes ?? encodeSegment(segment)
      const deflated = run.ready?.deflated ?? compression.deflate(bytes)
      return insert(run.chain, segment, run.first, deflated, bytes.length, true)
    })
    runs = []
    openRuns.clear()
    return stored
  }

  const overlapping = (chain: ChainEntry, from: number, count: number): StoredSegment[] => {
    // What comes next in its chain overlaps with nothing, however long that is.
    if (from >= ends.end(chain.n)) return []
    return statements(`SELECT ${columns} FROM segment WHERE chain = ? AND seq > ? AND seq < ? AND seq + count > ?`).all(
      chain.n,
      from - segmentChangesMax,
      from + count,
      from,
    ) as unknown as StoredSegment[]
  }

  const store: History['store'] = (chain, segment, deflated, unpacked, isOwn = false) => {
    const first = segment.changes[0] as Change
    // A body may come later than its change, or not at all: anybody can pass a change on without it. So bodies count by themselves.
    let theirs: ReadonlyMap<string, boolean> | undefined
    const seen = new Map<string, boolean>()
    const covered: number[] = []
    const see = (changes: readonly Change[]): boolean => {
      theirs ??= new Map(segment.changes.map((change) => [toHex(change.hash), change.body !== undefined]))
      let isCovered = true
      for (const { hash, body } of changes) {
        const name = toHex(hash)
        const hasBody = body !== undefined
        seen.set(name, hasBody || seen.get(name) === true)
        const theirBody = theirs.get(name)
        if (theirBody === undefined || (hasBody && !theirBody)) isCovered = false
      }
      return isCovered
    }
    for (const row of overlapping(chain, first.header.seq, segment.changes.length)) {
      if (see(decode(row).changes)) covered.push(row.change)
    }
    for (const run of runs) if (run.chain === chain) see(run.changes)
    const isNews = ({ hash, body }: Change): boolean => {
      // Usually nothing is known of what comes, and a chat is thousands of segments.
      if (seen.size === 0) return true
      const known = seen.get(toHex(hash))
      return known === undefined || (!known && body !== undefined)
    }
    const isFresh = segment.changes.map(isNews)
    const firstFresh = isFresh.indexOf(true)
    if (firstFresh === -1) return { stored: undefined, fresh: [], isBranched: false, covered }
    // The usual overlap is a known beginning: keep the rest only. Anything odder is kept whole; doubles have no effect.
    const isSuffix = firstFresh > 0 && !isFresh.slice(firstFresh).includes(false)
    const kept = isSuffix ? { ...segment, changes: segment.changes.slice(firstFresh) } : segment
    const keptBytes = isSuffix ? encodeSegment(kept) : undefined
    const number = nextNumber
    nextNumber += kept.changes.length
    const stored = keptBytes
      ? insert(chain, kept, number, compression.deflate(keptBytes), keptBytes.length, isOwn)
      : insert(chain, kept, number, deflated, unpacked, isOwn)
    remember(number, kept)
    const fresh = kept.changes
      .map((change, index) => ({ number: number + index, change }))
      .filter(({ change }) => isNews(change))
    const from = (fresh[0] as NumberedChange).change.header.seq
    const sql =
      'SELECT 1 AS found FROM segment WHERE chain = ? AND change <> ? AND (seq >= ? OR seq + count > ?) LIMIT 1'
    const isBranched = isForked(chain.n) && statements(sql).get(chain.n, number, from, from) !== undefined
    return { stored, fresh, isBranched, covered }
  }

  const coveredAsCarried: History['coveredAsCarried'] = (chain, segment) => {
    const theirs = new Map(segment.changes.map((change) => [toHex(change.hash), change.body !== undefined]))
    const isThere = ({ hash, header, body }: Change): boolean => {
      const theirBody = theirs.get(toHex(hash))
      return theirBody === true || (theirBody === false && (body === undefined || header.kind === kinds.epoch))
    }
    const from = segment.changes[0]?.header.seq ?? 0
    const rows = overlapping(chain, from, segment.changes.length)
    return rows.filter((row) => decode(row).changes.every(isThere)).map(({ change }) => change)
  }

  /** Follows `prev` down from `later`: a cursor over segments, one look-up a segment. */
  const isAncestor: History['isAncestor'] = (space, earlier, later) => {
    const chain = registry.chainOf(space, later.device, 1)
    if (!isForked(chain.n)) return true
    let { seq, change: hash } = later
    while (seq > earlier.seq) {
      const before = findInChain(chain, seq, hash)
      if (!before) return false
      hash = before.header.prev
      seq -= 1
    }
    return seq === earlier.seq && equalBytes(hash, earlier.change)
  }
  const findInChain = (chain: ChainEntry, seq: number, hash: Uint8Array): Change | undefined =>
    find(chain, seq, hash)?.change
  const at = (chain: ChainEntry, seq: number): { first: number; changes: readonly Change[] }[] => [
    ...overlapping(chain, seq, 1).map((row) => ({ first: row.change, changes: decode(row).changes })),
    ...runs.filter((run) => run.chain === chain && run.changes.length > 0),
  ]
  const find: History['find'] = (chain, seq, hash) => {
    let best: NumberedChange | undefined
    for (const { first, changes } of at(chain, seq).sort((left, right) => left.first - right.first)) {
      const index = seq - (changes[0] as Change).header.seq
      const change = changes[index]
      if (!change || !equalBytes(change.hash, hash)) continue
      if (change.body) return { number: first + index, change }
      best ??= { number: first + index, change }
    }
    return best
  }

  return {
    append,
    seal,
    compressed: () => (compressing.size > 0 ? Promise.all(compressing) : undefined),
    store,
    coveredAsCarried,
    change: (number) => {
      const run = findRun(number)
      if (run) return run.changes[number - run.first] as Change
      const row = findRow(number)
      assert(row && number < row.change + row.count, 'a change number without a change')
      return decode(row).changes[number - row.change] as Change
    },
    find,
    at,
    chainOf,
    ownHead: (chain) => {
      const run = openRuns.get(chain.n)?.changes.at(-1)
      if (run) return { seq: run.header.seq, hash: run.hash }
      return ends.own(chain.n)
    },
    segment: (change) =>
      statements(`SELECT ${columns} FROM segment WHERE change = ?`).get(change) as StoredSegment | undefined,
    segmentNumbers: (chain) =>
      statements('SELECT change FROM segment WHERE chain = ? ORDER BY seq, change')
        .all(chain)
        .map((row) => row.change as number),
    unsealed: (chain) =>
      runs.flatMap((run) =>
        run.chain.n === chain ? run.changes.map((change, at) => ({ number: run.first + at, change })) : [],
      ),
    isForked,
    decode,
    nextNumber: () => nextNumber,
    isAncestor,
  }
}
