import { equalBytes, KithError } from '../../bytes/index.ts'
import type { Engine } from '../engine.ts'
import type { Replica } from '../replica.ts'
import type { InspectedChange, LogPage, LogPageOptions } from './api.ts'
import { createChangeViews } from './change-view.ts'

const pageMax = 500
const pageUsual = 50

/** @throws KithError `bad-value`. */
export const readLogPage = (
  engine: Engine,
  replica: Replica,
  { before, limit = pageUsual }: LogPageOptions,
): LogPage => {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > pageMax)
    throw new KithError('bad-value', `A page of the log has 1 to ${pageMax} changes.`)
  if (before !== undefined && !/^\d{1,15}$/.test(before))
    throw new KithError('bad-value', 'A page of the log begins where the one before says: at its `next`.')
  const numbers = numbersBefore(
    engine,
    replica,
    before === undefined ? Number.MAX_SAFE_INTEGER : Number(before),
    limit + 1,
  )
  const views = createChangeViews(engine, replica)
  const { history } = engine.store()
  return {
    changes: numbers
      .slice(0, limit)
      .map((number) =>
        history.chainOf(number).class === 0 ? views.ofMembership(history.change(number)) : views.ofContent(number),
      ),
    next: numbers.length > limit ? String(numbers[limit - 1]) : undefined,
  }
}

/** Local numbers of a space's changes below `before`, the highest first: each change once, though it may be kept twice. */
const numbersBefore = (engine: Engine, { entry }: Replica, before: number, count: number): number[] => {
  const { history } = engine.store()
  const found: number[] = []
  let below = before
  while (found.length < count) {
    const segment = engine
      .statements(
        'SELECT s.change, s.count FROM segment AS s JOIN chain ON chain.n = s.chain WHERE chain.space = ? AND s.change < ? ORDER BY s.change DESC LIMIT 1',
      )
      .get(entry.n, below) as { change: number; count: number } | undefined
    if (!segment) return found
    const end = Math.min(segment.change + segment.count, before)
    for (let number = end - 1; number >= segment.change && found.length < count; number -= 1) {
      const change = history.change(number)
      const first = history.find(history.chainOf(number), change.header.seq, change.hash)
      if (first === undefined || first.number === number) found.push(number)
    }
    below = segment.change
  }
  return found
}

/** Changes of content and of membership that have no effect here, newest first. */
export const listWithoutEffect = (engine: Engine, replica: Replica): InspectedChange[] => {
  const views = createChangeViews(engine, replica)
  const { membership, entry } = replica
  const content = numbersWithoutEffect(engine, replica).map(views.ofContent)
  const others = [...membership.heldBack(), ...membership.waiting()]
    .filter(({ change: { header, hash } }) => equalBytes(header.space, entry.id) || equalBytes(hash, entry.id))
    .map(({ change }) => views.ofMembership(change))
  return [...content, ...others].sort((left, right) => right.time.getTime() - left.time.getTime())
}

/** Local numbers of changes of content that are held back or wait. */
export const numbersWithoutEffect = (engine: Engine, { entry }: Replica): number[] =>
  engine
    .statements('SELECT change FROM held WHERE space = ?1 UNION SELECT change FROM waiting WHERE space = ?1')
    .all(entry.n)
    .map(({ change }) => change as number)
