/** Opens logs on one connection: what it begins with by tickets where there are some, all else by signatures. */
import { equalBytes, KithError, toHex } from '../bytes/index.ts'
import { logsPerOpenMax } from '../limits/index.ts'
import type { Signing } from '../ports/index.ts'
import {
  type ClientMessage,
  forgetTicket,
  type Hello,
  idToMark,
  isRefusal,
  type LaneCursor,
  openRights,
  policyToLogId,
  proofBytes,
  type Resumption,
  type ResumeItem,
  type ResumeState,
  refusalToError,
  rememberTicket,
  resumeBytes,
  rightBit,
  setToRights,
  type TicketLog,
  type TicketUse,
  useTickets,
} from '../wire/index.ts'
import type { OpenedHubLog, OpenWish } from './hub-connection.ts'
import type { Requests } from './hub-connection-requests.ts'

export type Opener = {
  readonly open: (
    wishes: readonly OpenWish[],
    hello: Hello,
    hubNowMs: () => number,
  ) => Promise<(OpenedHubLog | KithError)[]>
  readonly isOpen: (log: Uint8Array) => boolean
}

type Tools = {
  readonly crypto: Signing
  readonly requests: Requests
  readonly send: (message: ClientMessage) => void
  readonly resume: ResumeState | undefined
}

type Result = OpenedHubLog | KithError

type Named = { readonly wish: OpenWish; readonly log: Uint8Array; result: Result | undefined }

export function createOpener({ crypto, requests, send, resume }: Tools): Opener {
  /** Logs by id in hexadecimal: false while first asked for. */
  const open = new Map<string, boolean>()
  let resumption: Resumption | undefined
  let isFirst = true

  /** One signature for the whole connection. */
  function showResumption({ seed }: ResumeState, hello: Hello): Resumption {
    if (resumption !== undefined) return resumption
    const publicKey = crypto.ed25519PublicKey(seed)
    resumption = { publicKey, signature: crypto.ed25519Sign(resumeBytes(hello, publicKey), seed) }
    return resumption
  }

  async function openBySignature(some: readonly Named[], hello: Hello): Promise<void> {
    const most = Math.min(hello.limits.logsPerOpenMax, logsPerOpenMax)
    for (let at = 0; at < some.length; at += most) await openSome(some.slice(at, at + most), hello)
  }

  async function openSome(some: readonly Named[], hello: Hello): Promise<void> {
    const logs = some.map(({ wish, log }) => ({
      policy: wish.policy,
      proofs: wish.rights.map(({ right, seed }) => ({
        right,
        signature: crypto.ed25519Sign(proofBytes(hello, log, right), seed),
      })),
    }))
    const shown = resume && showResumption(resume, hello)
    const { results, ticket } = await requests.ask('opened', logs.length, (request) => {
      send({ type: 'open', request, resumption: shown, logs })
    })
    const proven: TicketLog[] = []
    some.forEach((item, at) => {
      const { wish, log } = item
      const result = results[at]!
      if (isRefusal(result)) item.result = refusalToError(result)
      else {
        item.result = { log, ...result, rights: setToRights(result.rights), standing: 'unknown' }
        if (wish.rights.length > 0) proven.push(toTicketLog(log, wish))
      }
    })
    if (resume && ticket && proven.length > 0) rememberTicket(resume, { ticket, logs: proven })
  }

  /** What a ticket no longer opens (a new disk, a wrong clock) costs one more round, and is left without a result here. */
  async function openByTicket(use: TicketUse, named: readonly Named[], hello: Hello, from: ResumeState): Promise<void> {
    const { kept, wishes } = use
    const items = kept.logs.map((log, at) => ({ log, item: wishes[at] === undefined ? undefined : named[wishes[at]] }))
    // One for all: those whose cursors are of another are only opened.
    const generation = items.find(({ item }) => item?.wish.known)?.item?.wish.known?.generation
    const logs = items.map(
      ({ log, item }): ResumeItem => ({ ...log, cursors: item && toCursors(item.wish, generation) }),
    )
    const { results } = await requests.ask('resumed', 1, (request) => {
      const shown = showResumption(from, hello)
      send({ type: 'resume', request, resumption: shown, ticket: kept.ticket, generation, logs })
    })
    const result = results[0]!
    if (isRefusal(result)) {
      if (result.refused === 'refused') forgetTicket(from, kept)
      else for (const { item } of items) if (item) item.result = refusalToError(result)
      return
    }
    const others = new Map(result.others.map(({ at, why }) => [at, why]))
    if ([...others.keys()].some((at) => logs[at]?.cursors === undefined))
      throw new KithError('bad-encoding', 'The hub answered what was not asked.')
    const isKnown = generation !== undefined && equalBytes(generation, result.generation)
    items.forEach(({ log, item }, at) => {
      if (!item) return
      const why = others.get(at)
      const isFollowed = isKnown && !others.has(at) && logs[at]!.cursors!.length > 0
      const isOpen = why === undefined || why.refused === 'other-generation'
      item.result = isOpen
        ? {
            log: item.log,
            generation: result.generation,
            rights: setToRights(log.rights),
            standing: why ? 'other' : isFollowed ? 'same' : 'unknown',
          }
        : refusalToError(why)
    })
  }

  return {
    async open(wishes, hello, hubNowMs) {
      const named = wishes.map((wish): Named => ({ wish, log: policyToLogId(wish.policy, crypto), result: undefined }))
      // Entries may come before an answer is read here, but never before it was sent.
      for (const { log } of named) open.set(toHex(log), open.get(toHex(log)) ?? false)
      if (resume && isFirst) {
        const asked = named.map(({ log, wish }) => ({ log, rights: wish.rights.map(({ right }) => right) }))
        const uses = useTickets(resume, asked, Math.min(hello.limits.logsPerOpenMax, logsPerOpenMax), hubNowMs())
        isFirst = false
        await Promise.all(uses.map((use) => openByTicket(use, named, hello, resume)))
      }
      await openBySignature(
        named.filter(({ result }) => result === undefined),
        hello,
      )
      return named.map(({ log, result }) => {
        const name = toHex(log)
        if (!(result instanceof KithError)) open.set(name, true)
        else if (open.get(name) === false) open.delete(name)
        return result!
      })
    },
    isOpen: (log) => open.has(toHex(log)),
  }
}

function toTicketLog(log: Uint8Array, { policy, rights }: OpenWish): TicketLog {
  const proven = rights.reduce((set, { right }) => set | rightBit(right), 0)
  return { log, kind: policy.kind, rights: proven | openRights(policy) }
}

function toCursors({ known }: OpenWish, generation: Uint8Array | undefined): readonly LaneCursor[] {
  if (!known || !generation || !equalBytes(known.generation, generation)) return []
  return known.lanes.map(({ lane, n, id }) => ({ lane, n, mark: n === 0 ? 0 : idToMark(id) }))
}
