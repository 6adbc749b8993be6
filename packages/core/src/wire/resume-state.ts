/** What a client keeps between connections to one hub, so that one signature opens all logs again. */
import { toHex } from '../bytes/index.ts'
import { ticketsKeptMax } from '../limits/index.ts'
import { hasRight, type TicketLog, ticketToExpiry } from './ticket.ts'
import type { Right } from './policy.ts'

/** A ticket, and what it is for, in the order in which it must be shown. */
export type KeptTicket = { readonly ticket: Uint8Array; readonly logs: readonly TicketLog[] }

/** In memory, changed in place as tickets come; fresh ones cost one signature a log and right. */
export type ResumeState = {
  /** Ed25519 seed made at random for this hub alone: it names nobody. */
  readonly seed: Uint8Array
  /** The newest last. */
  tickets: readonly KeptTicket[]
}

export type LogWish = { readonly log: Uint8Array; readonly rights: readonly Right[] }

/** A ticket to show, and for each of its logs the index of the wish that it fulfils; undefined where the log is not to be opened. */
export type TicketUse = { readonly kept: KeptTicket; readonly wishes: readonly (number | undefined)[] }

export function createResumeState(seed: Uint8Array): ResumeState {
  return { seed, tickets: [] }
}

/** Beyond `ticketsKeptMax` the one for the fewest logs goes: they are opened by signature next time, together, by which they get one ticket. */
export function rememberTicket(state: ResumeState, kept: KeptTicket): void {
  const tickets = [...state.tickets, kept]
  if (tickets.length > ticketsKeptMax) {
    const sizes = tickets.map(({ logs }) => logs.length)
    tickets.splice(sizes.indexOf(Math.min(...sizes)), 1)
  }
  state.tickets = tickets
}

export function forgetTicket(state: ResumeState, kept: KeptTicket): void {
  state.tickets = state.tickets.filter((other) => other !== kept)
}

/**
 * Which tickets open which of the wishes that a connection begins with; what none of them opens wants signatures. Forgets what has expired, and what would name
 * more logs in vain than it opens: naming a log costs a quarter of opening it by signatures.
 */
export function useTickets(
  state: ResumeState,
  wishes: readonly LogWish[],
  logsMax: number,
  nowMs: number,
): readonly TicketUse[] {
  const open = new Map(wishes.map(({ log }, at) => [toHex(log), at]))
  const uses: TicketUse[] = []
  // The newest first: a log that was opened anew has other rights there.
  for (const kept of state.tickets.toReversed()) {
    const isGood = ticketToExpiry(kept.ticket) > nowMs && kept.logs.length <= logsMax
    const taken = new Map<string, number>()
    const found = kept.logs.map(({ log, rights }) => {
      const name = toHex(log)
      const at = open.get(name)
      const suits = at !== undefined && !taken.has(name) && wishes[at]!.rights.every((right) => hasRight(rights, right))
      if (!suits) return undefined
      taken.set(name, at)
      return at
    })
    if (!isGood || 2 * taken.size < kept.logs.length) forgetTicket(state, kept)
    else {
      uses.push({ kept, wishes: found })
      for (const name of taken.keys()) open.delete(name)
    }
  }
  return uses
}
