/** What a hub asks for a log, and how it is paid on one connection: by a token out of the purse, or by work. */
import { KithError, toHex } from '../bytes/index.ts'
import { workBitsMax } from '../limits/index.ts'
import type { Clock, Hashing } from '../ports/index.ts'
import {
  type ClientMessage,
  type Hello,
  type HubTerms,
  isRefusal,
  type PayItem,
  type Refusal,
  refusalToError,
  searchWork,
  type Work,
  type WorkChallenge,
} from '../wire/index.ts'
import type { Requests } from './hub-connection-requests.ts'

/** Tokens of a person for hubs, which are shown to the hub one at a time, on connections that say nothing of the person. */
export type HubPurse = {
  /** A token that is good by these terms, and in nobody's hand. @throws KithError `invite-needed`, `tokens-used-up`. */
  readonly take: (hubKey: Uint8Array, terms: HubTerms) => Uint8Array
  /** It was taken by the hub, or is worth nothing; or is to be used again. */
  readonly settle: (token: Uint8Array, isSpent: boolean) => void
}

export type Payments = {
  /** Asks, pays what is asked for the log, and asks again. */
  readonly paying: <Result extends object>(
    log: Uint8Array,
    ask: () => Promise<Result | Refusal>,
  ) => Promise<Result | Refusal>
  readonly terms: (
    logs: readonly Uint8Array[],
  ) => Promise<{ terms: HubTerms; results: readonly (WorkChallenge | Refusal)[] }>
  /** Milliseconds for which work has been under way; undefined while there is none. */
  readonly workingMs: () => number | undefined
}

export type PaymentsOptions = {
  readonly crypto: Hashing
  readonly clock: Clock
  readonly requests: Requests
  readonly send: (message: ClientMessage) => void
  readonly hello: () => Hello | undefined
  readonly isClosed: () => boolean
  readonly purse: HubPurse | undefined
  /** Work takes long, or is done. */
  readonly working: () => void
}

/** A frame of a megabyte in a hub that sells kilobytes; a hub that is never content is given no more. */
const paymentsPerPutMax = 64
/** Tokens that turn out to be spent before the next is kept for another time: a purse of an old copy of the device. */
const staleTokensMax = 64
/** Hashes between which others get their turn: a few milliseconds. */
const triesPerTurn = 2_000
/** Challenges are good for ten minutes. */
const workMsMax = 10 * 60_000
/** Work that takes longer is told. */
const longWorkMs = 1_000

export function createPayments(options: PaymentsOptions): Payments {
  const { crypto, clock, requests, send, purse } = options
  /** By log in hexadecimal: payments that were made, and the one that is under way. */
  const made = new Map<string, number>()
  const underWay = new Map<string, Promise<void>>()
  let workSince: number | undefined
  let lastWork: Promise<unknown> = Promise.resolve()

  async function terms(logs: readonly Uint8Array[]) {
    return requests.ask('told', logs.length, (request) => send({ type: 'terms', request, logs }))
  }

  async function pay(item: PayItem): Promise<Refusal | undefined> {
    const { results } = await requests.ask('done', 1, (request) => send({ type: 'pay', request, pays: [item] }))
    return isRefusal(results[0]!) ? results[0] : undefined
  }

  async function payByToken(log: Uint8Array, asked: Refusal): Promise<void> {
    const hello = options.hello()
    if (purse === undefined || hello === undefined) throw refusalToError(asked)
    const told = (await terms([])).terms
    for (let count = 0; count < staleTokensMax; count += 1) {
      const token = purse.take(hello.hubKey, told)
      let isSpent = false
      try {
        const refused = await pay({ log, tokens: [token], works: [] })
        isSpent = refused === undefined || refused.refused === 'token-spent' || refused.refused === 'token-invalid'
        if (refused === undefined) return
        if (!isSpent) throw refusalToError(refused)
      } finally {
        purse.settle(token, isSpent)
      }
    }
    throw refusalToError(asked)
  }

  async function payByWork(log: Uint8Array): Promise<void> {
    const challenge = (await terms([log])).results[0]!
    if (isRefusal(challenge)) {
      // It costs nothing any more.
      if (challenge.refused === 'slow-down' && challenge.waitMs === 0) return
      throw refusalToError(challenge)
    }
    const refused = await pay({ log, tokens: [], works: [await work(challenge)] })
    if (refused !== undefined) throw refusalToError(refused)
  }

  /** One after another: two at once would be no sooner done. */
  function work(challenge: WorkChallenge): Promise<Work> {
    const done = lastWork.then(() => search(challenge))
    lastWork = done.catch(() => {})
    return done
  }

  async function search(challenge: WorkChallenge): Promise<Work> {
    const { bits, expiresMs } = challenge
    if (bits > workBitsMax)
      throw new KithError('hub-refused', 'The hub asks for more work than is done for any. Use another hub.', {
        why: 'work-needed',
        bits,
      })
    const since = clock.monotonic()
    workSince = since
    let isTold = false
    try {
      for (let from = 0; ; ) {
        const found = searchWork(crypto, challenge, from, triesPerTurn)
        if ('nonce' in found) return { bits, expiresMs, nonce: found.nonce }
        from = found.next
        await new Promise<void>((resolve) => void clock.soon(resolve))
        const elapsedMs = clock.monotonic() - since
        if (options.isClosed()) throw new KithError('closed', 'The connection was closed while work was done for it.')
        if (elapsedMs > workMsMax)
          throw new KithError('hub-refused', 'The work that the hub asks for takes this device too long.', {
            why: 'work-needed',
            bits,
          })
        if (elapsedMs > longWorkMs && !isTold) {
          isTold = true
          options.working()
        }
      }
    } finally {
      workSince = undefined
      if (isTold) options.working()
    }
  }

  function payFor(log: Uint8Array, asked: Refusal): Promise<void> {
    const name = toHex(log)
    const paying = underWay.get(name)
    if (paying !== undefined) return paying
    const paid = (asked.refused === 'token-needed' ? payByToken(log, asked) : payByWork(log))
      .then(() => void made.set(name, (made.get(name) ?? 0) + 1))
      .finally(() => underWay.delete(name))
    underWay.set(name, paid)
    return paid
  }

  return {
    async paying(log, ask) {
      const count = () => made.get(toHex(log)) ?? 0
      for (let payments = 0; ; payments += 1) {
        const before = count()
        const result = await ask()
        if (!isRefusal(result) || payments === paymentsPerPutMax) return result
        if (result.refused !== 'token-needed' && result.refused !== 'work-needed') return result
        // What others of the same log have paid meanwhile may be enough for this too.
        if (count() === before) await payFor(log, result)
      }
    },
    terms,
    workingMs: () => (workSince === undefined ? undefined : clock.monotonic() - workSince),
  }
}
