/** Opens logs on one connection: by ticket where there is one, by signature otherwise. */
import { type KithError, toHex } from '../bytes/index.ts'
import { logsPerOpenMax } from '../limits/index.ts'
import type { Signing } from '../ports/index.ts'
import {
  type ClientMessage,
  forgetTicket,
  type Hello,
  isRefusal,
  type OpenedLog,
  type OpenItem,
  policyToLogId,
  proofBytes,
  type Refusal,
  type Resumption,
  type ResumeState,
  refusalToError,
  rememberTicket,
  resumeBytes,
  setToRights,
  ticketFor,
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

type Named = { readonly wish: OpenWish; readonly log: Uint8Array; readonly ticket: Uint8Array | undefined }

export function createOpener({ crypto, requests, send, resume }: Tools): Opener {
  /** Logs by id in hexadecimal: false while first asked for. */
  const open = new Map<string, boolean>()
  let resumption: Resumption | undefined

  /** One signature for the whole connection. */
  function showResumption(hello: Hello): Resumption | undefined {
    if (resume === undefined || resumption !== undefined) return resumption
    const publicKey = crypto.ed25519PublicKey(resume.seed)
    resumption = { publicKey, signature: crypto.ed25519Sign(resumeBytes(hello, publicKey), resume.seed) }
    return resumption
  }

  function toItem({ wish, log, ticket }: Named, hello: Hello): OpenItem {
    if (ticket !== undefined) return { policy: wish.policy, proofs: [{ ticket }] }
    const proofs = wish.rights.map(({ right, seed }) => ({
      right,
      signature: crypto.ed25519Sign(proofBytes(hello, log, right), seed),
    }))
    return { policy: wish.policy, proofs }
  }

  async function ask(named: readonly Named[], hello: Hello): Promise<readonly (OpenedLog | Refusal)[]> {
    const logs = named.map((item) => toItem(item, hello))
    // Entries may come before the answer is read here, but never before it was sent.
    for (const { log } of named) open.set(toHex(log), open.get(toHex(log)) ?? false)
    const { results } = await requests.ask('opened', logs.length, (request) => {
      send({ type: 'open', request, resumption: showResumption(hello), logs })
    })
    return results
  }

  function toResult({ log }: Named, result: OpenedLog | Refusal): OpenedHubLog | KithError {
    if (isRefusal(result)) {
      if (open.get(toHex(log)) === false) open.delete(toHex(log))
      return refusalToError(result)
    }
    open.set(toHex(log), true)
    if (resume !== undefined && result.ticket !== undefined) rememberTicket(resume, log, result.ticket)
    return { log, generation: result.generation, rights: setToRights(result.rights), name: result.name }
  }

  async function openSome(
    wishes: readonly OpenWish[],
    hello: Hello,
    nowMs: number,
  ): Promise<(OpenedHubLog | KithError)[]> {
    const named = wishes.map((wish): Named => {
      const log = policyToLogId(wish.policy, crypto)
      const wanted = wish.rights.map(({ right }) => right)
      return { wish, log, ticket: resume && wanted.length > 0 ? ticketFor(resume, log, wanted, nowMs) : undefined }
    })
    const first = await ask(named, hello)
    // A ticket that the hub no longer takes (a new disk, a wrong clock) costs one more round, not the log.
    const again = named.flatMap((item, at) => {
      if (item.ticket === undefined || !isRefusal(first[at]!) || first[at].refused !== 'refused') return []
      if (resume !== undefined) forgetTicket(resume, item.log)
      return [{ ...item, ticket: undefined, at }]
    })
    const second = again.length > 0 ? await ask(again, hello) : []
    const results = [...first]
    again.forEach((item, index) => {
      results[item.at] = second[index]!
    })
    return named.map((item, at) => toResult(item, results[at]!))
  }

  return {
    async open(wishes, hello, hubNowMs) {
      const results: (OpenedHubLog | KithError)[] = []
      const most = Math.min(hello.limits.logsPerOpenMax, logsPerOpenMax)
      for (let at = 0; at < wishes.length; at += most) {
        results.push(...(await openSome(wishes.slice(at, at + most), hello, hubNowMs())))
      }
      return results
    },
    isOpen: (log) => open.has(toHex(log)),
  }
}
