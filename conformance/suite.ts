/** Runs checks against a hub, one after another, and says of each what came of it. */
import { checks } from './checks/index.ts'
import { type Client, connectClient } from './client.ts'
import { Failed, Skipped } from './expect.ts'
import { createLog, type Log, openLog, pullItem } from './logs.ts'
import { askTerms, fetchToken, inviteToMember, join, type Member, payForLog } from './membership.ts'
import type { HubTerms, LogKind } from '@kith/core/wire'

export type Check = {
  /** Stable: a hub's own test may name it. */
  readonly name: string
  /** The heading of docs/protocol/hub.md under which it is said. */
  readonly section: string
  /** What is checked, word for word. */
  readonly says: string
  /** Throws `Failed` or `Skipped`; whatever else it throws is a failure too. */
  readonly run: (bench: Bench) => Promise<void>
}

/** What a check has to work with. */
export type Bench = {
  readonly url: string
  readonly waitMs: number
  /** A hub that carries to the one at `url`. */
  readonly carrier: string | undefined
  readonly terms: HubTerms
  readonly member: Member | undefined
  /** To the hub, unless another is named. Closed when the check is over. */
  readonly connect: (options?: { readonly compression?: boolean; readonly url?: string }) => Promise<Client>
  /** A log of fresh keys, open with all rights and paid for, so that it takes entries. Throws `Skipped` where nobody pays. */
  readonly makeLog: (client: Client, kind?: LogKind) => Promise<Log>
  /** Throws `Skipped` where the hub wants none, or no invite was given. */
  readonly fetchToken: () => Promise<Uint8Array>
}

export type Outcome = 'pass' | 'fail' | 'skipped'

export type Report = { readonly check: Check; readonly outcome: Outcome; readonly why: string | undefined }

export type SuiteOptions = {
  readonly url: string
  /** What `kith hub invite` printed. */
  readonly invite?: string | undefined
  /** Another hub, whose operator has it carry to this one at `url`. */
  readonly carrier?: string | undefined
  /** For one answer. */
  readonly waitMs?: number
  /** For everything. */
  readonly totalMs?: number
  /** Told of each check when it is over. */
  readonly told?: (report: Report) => void
}

export type SuiteResult = { readonly reports: readonly Report[]; readonly sentBytes: number; readonly logs: number }

const lanes = [0, 1, 2, 3] as const

/** @throws Failed where no hub answers at all, or the invite is none of its. */
export async function runSuite(options: SuiteOptions): Promise<SuiteResult> {
  const { url, waitMs = 10_000, totalMs = 60_000 } = options
  const endsAt = performance.now() + totalMs
  const made: Log[] = []
  let open: Client[] = []
  let sentBytes = 0
  const sent = (bytes: number): void => {
    sentBytes += bytes
  }
  const connect: Bench['connect'] = async (more = {}) => {
    const client = await connectClient(more.url ?? url, { waitMs, sent, ...more })
    open.push(client)
    return client
  }
  const closeAll = (): void => {
    for (const client of open) client.close()
    open = []
  }

  const { terms } = await askTerms(await connect())
  const member = options.invite === undefined ? undefined : await becomeMember(await connect(), options.invite, terms)
  closeAll()
  const bench: Bench = {
    url,
    waitMs,
    carrier: options.carrier,
    terms,
    member,
    connect,
    async makeLog(client, kind) {
      const log = createLog(kind)
      const { refused } = await openLog(client, log)
      if (refused !== undefined) throw new Failed(`a log is not opened: ${refused}`)
      await payForLog(client, log, bench.fetchToken)
      made.push(log)
      return log
    },
    async fetchToken() {
      if (terms.access === 'open') throw new Skipped('everybody makes logs at this hub: it issues no tokens')
      if (member === undefined) throw new Skipped(`the hub is ${terms.access}: give --invite to try this`)
      const client = await connect()
      const token = await fetchToken(client, member)
      client.close()
      return token
    },
  }

  const reports: Report[] = []
  for (const check of checks) {
    const report = await runOne(check, bench, performance.now() < endsAt, totalMs)
    closeAll()
    reports.push(report)
    options.told?.(report)
  }
  await trimAll(connect, made).catch(() => {
    // What is not trimmed goes with the lease of its log.
  })
  closeAll()
  return { reports, sentBytes, logs: made.length }
}

async function runOne(check: Check, bench: Bench, isInTime: boolean, totalMs: number): Promise<Report> {
  if (!isInTime) return { check, outcome: 'fail', why: `not tried: the suite’s ${totalMs / 1000} s are over` }
  try {
    await check.run(bench)
    return { check, outcome: 'pass', why: undefined }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    return { check, outcome: cause instanceof Skipped ? 'skipped' : 'fail', why }
  }
}

async function becomeMember(client: Client, invite: string, terms: HubTerms): Promise<Member | undefined> {
  if (terms.access === 'open') return undefined
  const member = inviteToMember(invite)
  const { refused } = await join(client, member)
  if (refused !== undefined) throw new Failed(`the hub does not take the invite: ${refused}. Ask for a fresh one`)
  return member
}

/** Has everything dropped in 30 days that no kind drops by itself. */
async function trimAll(connect: Bench['connect'], logs: readonly Log[]): Promise<void> {
  const client = await connect()
  for (const log of logs) {
    await openLog(client, log, 'read', 'admin')
    const pulls = lanes.map((lane) => pullItem(log, { lane, idsOnly: true }))
    const { results } = await client.ask({ type: 'pull', pulls })
    let due = results.filter(({ news }) => news === true).length
    const ids: Uint8Array[] = []
    while (due > 0) {
      const message = await client.next('entries')
      ids.push(...message.entries.map(({ id }) => id))
      if (message.state !== 'more') due -= 1
    }
    if (ids.length > 0) await client.ask({ type: 'trim', trims: [{ log: log.id, ids }] })
  }
}
