import { equalBytes } from '../bytes/index.ts'
import type { Change } from '../change/index.ts'
import type { History, StoredSegment } from './history.ts'
import type { Statements } from './statements.ts'

/** Pairs of segments of one chain, `a` and `b`, of which the second begins within the first. */
export const overlaps = `segment a JOIN segment b ON b.chain = a.chain AND b.seq >= a.seq AND b.seq < a.seq + a.count AND b.change <> a.change
  WHERE a.chain = ?`

/**
 * Whether two changes of a chain have one place. Segments that overlap (`History.isForked`) may hold the same: the last place that both have
 * tells of all before it, for each change names the hash of the one before.
 */
export const hasBranches = (statements: Statements, history: History, chain: number): boolean => {
  if (!history.isForked(chain)) return false
  const changesOf = (number: number): readonly Change[] =>
    history.decode(history.segment(number) as StoredSegment).changes
  const pairs = statements(`SELECT a.change AS a, b.change AS b FROM ${overlaps}`).all(chain)
  return pairs.some(({ a, b }) => {
    const [left, right] = [changesOf(a as number), changesOf(b as number)]
    const last = Math.min(lastSeq(left), lastSeq(right))
    return !equalBytes(hashAt(left, last), hashAt(right, last))
  })
}

const firstSeq = (changes: readonly Change[]): number => (changes[0] as Change).header.seq
const lastSeq = (changes: readonly Change[]): number => firstSeq(changes) + changes.length - 1
const hashAt = (changes: readonly Change[], seq: number): Uint8Array =>
  (changes[seq - firstSeq(changes)] as Change).hash
