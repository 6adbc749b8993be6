import { assert, equalBytes, toHex } from '../bytes/index.ts'
import { segmentChangesMax } from '../limits/index.ts'
import type { Change } from './change.ts'
import type { Segment } from './segment.ts'

export type MergeBounds = {
  /** Changes in one segment. */
  readonly changesMax?: number
  /** Sum of the bodies of one segment, in bytes. */
  readonly bodyBytesMax?: number
}

/**
 * Repacks segments into fewer: runs of one chain and one epoch that follow each other (or overlap) become one segment
 * under the signature of the last. No key is needed and none of the result's hashes changes. A run can end only where
 * one of the given segments ends, because there alone is a signature; so bounds are kept as far as these allow.
 */
export function mergeSegments(segments: readonly Segment[], bounds: MergeBounds = {}): Segment[] {
  const changesMax = Math.min(bounds.changesMax ?? segmentChangesMax, segmentChangesMax)
  const bytesMax = bounds.bodyBytesMax ?? 4 * 1024 * 1024
  const sorted = [...segments].sort((a, b) => firstSeq(a) - firstSeq(b))
  const done: Segment[] = []
  const open = new Map<string, Run[]>()
  for (const segment of sorted) {
    const key = runKey(segment)
    const runs = open.get(key) ?? []
    open.set(key, runs)
    if (runs.some((run) => extendRun(run, segment, changesMax, bytesMax))) continue
    const run = createRun(segment)
    runs.push(run)
    done.push(run.segment)
    run.place = done.length - 1
  }
  for (const runs of open.values()) for (const run of runs) done[run.place] = run.segment
  return done
}

type Run = { segment: Segment; changes: Change[]; place: number; bytes: number; known: Set<string> }

function createRun(segment: Segment): Run {
  const changes = [...segment.changes]
  const known = new Set(changes.map((change) => toHex(change.hash)))
  return { segment, changes, place: -1, bytes: sumBodies(changes), known }
}

/** Takes the segment into the run if it continues or repeats it; false where it does neither or passes the bounds. */
function extendRun(run: Run, segment: Segment, changesMax: number, bytesMax: number): boolean {
  const last = run.changes[run.changes.length - 1]
  const theirs = segment.changes
  const theirLast = theirs[theirs.length - 1]
  assert(last !== undefined && theirLast !== undefined, 'a segment has at least one change')
  if (run.known.has(toHex(theirLast.hash)) && run.known.has(toHex((theirs[0] as Change).hash))) {
    fillBodies(run, theirs)
    return true
  }
  const from = last.header.seq + 1 - firstSeq(segment)
  const next = theirs[from]
  if (from < 0 || next === undefined || !equalBytes(next.header.prev, last.hash)) return false
  const added = theirs.slice(from)
  const bytes = sumBodies(added)
  if (run.changes.length + added.length > changesMax || run.bytes + bytes > bytesMax) return false
  fillBodies(run, theirs.slice(0, from))
  for (const change of added) {
    run.changes.push(change)
    run.known.add(toHex(change.hash))
  }
  run.bytes += bytes
  run.segment = { ...segment, changes: run.changes }
  return true
}

/** A body that one copy lacks and the other has is kept. */
function fillBodies(run: Run, copies: readonly Change[]): void {
  const offset = firstSeq(run.segment)
  for (const copy of copies) {
    const at = copy.header.seq - offset
    if (copy.body !== undefined && run.changes[at]?.body === undefined) run.changes[at] = copy
  }
  run.segment = { ...run.segment, changes: run.changes }
}

function firstSeq(segment: Segment): number {
  return (segment.changes[0] as Change).header.seq
}

function sumBodies(changes: readonly Change[]): number {
  return changes.reduce((sum, change) => sum + (change.body?.length ?? 32), 0)
}

function runKey(segment: Segment): string {
  return `${toHex(segment.space)}${toHex(segment.device)}${toHex(segment.epoch)}${segment.chain}`
}
