import { equalBytes } from '@kith/core/bytes'
import { type ClientMessage, type PullItem, type PullStarted, type Refusal, refusal } from '@kith/core/wire'
import { logWithRight, type OpenLog, type Session } from '../session.ts'
import type { Follower, Job } from '../streams.ts'
import { failureToRefusal } from './put.ts'

/** Answers for each item whether there is news; the entries follow, a piece of each at a time. */
export async function handlePull(session: Session, message: ClientMessage & { type: 'pull' }): Promise<void> {
  const answer: Answer = { request: message.request, jobs: [], asked: { jobs: 0, fetches: 0 } }
  const refused = session.allowance.take('requests', 1 + message.pulls.length)
  // All are begun before the first is done, so that a store can look them up together.
  const results = refused
    ? message.pulls.map(() => refused)
    : await Promise.all(message.pulls.map((item) => pullOne(session, item, answer)))
  session.send({ type: 'pulling', request: message.request, results })
  session.streams.start(answer.jobs)
}

type Answer = {
  readonly request: number
  readonly jobs: Job[]
  /** What may become of the items that were begun. */
  readonly asked: { jobs: number; fetches: number }
}

async function pullOne(session: Session, item: PullItem, answer: Answer): Promise<PullStarted | Refusal> {
  const { request, jobs, asked } = answer
  const log = logWithRight(session, item.log, 'read')
  if (log === undefined) return refusal('refused')
  const { store } = session.hub
  const { generation } = store
  if (item.mode === 'stop') {
    stop(log.followers[item.lane])
    log.followers[item.lane] = undefined
    return { generation, news: false }
  }
  if (item.generation !== undefined && !equalBytes(item.generation, generation)) return refusal('other-generation')
  if (session.streams.isFull(asked)) return refusal('slow-down', 1000)
  asked.jobs += 1
  if (item.mode === 'ids') asked.fetches += 1
  // Registered before the store is asked, so that nothing put meanwhile is missed.
  const follower = item.follow ? follow(log, request, item) : undefined
  try {
    const { first, newest } = await store.span(log, item.lane)
    // A number that was never given: the store is an older copy, or the log had expired and is a new one. Healing is right,
    // whatever the generation says.
    const isOld = item.n > 0 && item.n < first
    if (isOld || item.n > Math.max(newest, first - 1) + 1 || (item.mode === 'after' && item.n > newest)) {
      stop(follower)
      if (follower !== undefined) log.followers[item.lane] = undefined
      return refusal('other-generation')
    }
    return { generation, news: start(request, item, log, newest, follower, jobs) }
  } catch (cause) {
    return failureToRefusal(cause)
  }
}

function follow(log: OpenLog, request: number, item: PullItem): Follower {
  stop(log.followers[item.lane])
  const follower: Follower = { request, log, lane: item.lane, n: item.n, head: 0, state: 'reading' }
  log.followers[item.lane] = follower
  return follower
}

function stop(follower: Follower | undefined): void {
  if (follower !== undefined) follower.state = 'stopped'
}

/** Whether there is news, for which a job is added. */
function start(
  request: number,
  item: PullItem,
  log: OpenLog,
  newest: number,
  follower: Follower | undefined,
  jobs: Job[],
): boolean {
  const { lane, n, idsOnly } = item
  if (item.mode === 'ids') {
    // Copies, for the views would keep whole frames in memory.
    jobs.push({ kind: 'fetch', fetch: { request, log, lane, ids: item.ids.map((id) => id.slice()), at: 0, idsOnly } })
    return true
  }
  const direction = item.mode === 'before' ? 'before' : 'after'
  const hasNews = direction === 'before' ? newest > 0 && n !== 1 : Math.max(newest, follower?.head ?? 0) > n
  if (follower !== undefined) {
    if (hasNews) jobs.push({ kind: 'follow', follower })
    else follower.state = 'live'
    return hasNews
  }
  const left = item.limit === 0 ? Number.MAX_SAFE_INTEGER : item.limit
  if (hasNews) jobs.push({ kind: 'run', run: { request, log, lane, direction, n, left, idsOnly } })
  return hasNews
}
