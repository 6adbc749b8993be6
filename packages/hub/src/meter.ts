/** What a hub counts about itself, over all logs and connections: never about one of them. */
import type { HubMessage, RefusalReason } from '@kith/core/wire'

/** Counters, with what the operator is told that they are. They only rise, and begin at 0 with the process. */
export const counters = {
  connections: 'Connections accepted.',
  connectionsRefused: 'Connections turned away before anything was said.',
  logsOpened: 'Logs opened by connections.',
  entriesPut: 'New entries put.',
  bytesPut: 'Bytes of new entries put.',
  entriesSent: 'Entries sent on, each to each follower counted.',
  signals: 'Signals passed on.',
  entriesExpired: 'Entries dropped because they were due or their log expired.',
  logsExpired: 'Logs dropped because nobody used them.',
  membersJoined: 'Invites that were used.',
  tokensIssued: 'Tokens issued to members, blind.',
  tokensSpent: 'Tokens spent.',
  tokensRefused: 'Tokens refused: forged, too old, or spent before.',
  worksDone: 'Proofs of work taken.',
  connectionsCarried: 'Connections carried to other hubs.',
  bytesCarried: 'Bytes passed on for them, both ways.',
  carriesRefused: 'Requests to be carried that were refused: not allowed, not reached, or too many.',
  storageFailures: 'Writes that failed, and entries found missing.',
  defects: 'Mistakes in the program. Please report them.',
} as const

export type CounterName = keyof typeof counters

export type Counts = {
  readonly counters: Readonly<Record<CounterName, number>>
  readonly refusals: ReadonlyMap<string, number>
}

export type Meter = {
  readonly add: (name: CounterName, by?: number) => void
  /** Counts what one message tells a client: refusals, entries. */
  readonly sent: (message: HubMessage) => void
  readonly read: () => Counts
}

export function createMeter(): Meter {
  const values = Object.fromEntries(Object.keys(counters).map((name) => [name, 0])) as Record<CounterName, number>
  const refusals = new Map<string, number>()
  const refuse = (name: RefusalReason) => refusals.set(name, (refusals.get(name) ?? 0) + 1)
  return {
    add(name, by = 1) {
      values[name] += by
    },
    sent(message) {
      if (message.type === 'entries') values.entriesSent += message.entries.length
      else if (message.type === 'goodbye') refuse(message.why.refused)
      else if ('results' in message) {
        for (const result of message.results) {
          if ('refused' in result) refuse(result.refused)
          else if ('rights' in result) values.logsOpened += 1
          else if ('others' in result) for (const { why } of result.others) if (why !== undefined) refuse(why.refused)
        }
      }
    },
    read: () => ({ counters: { ...values }, refusals: new Map(refusals) }),
  }
}
