import { ifUsable, KithError, toHex } from '../../bytes/index.ts'
import { openPairing, type PairingLog, type PairingMessage, sealPairing } from '../../keys/index.ts'
import { pairingEntriesMax } from '../../limits/index.ts'
import type { Cancel, Platform } from '../../ports/index.ts'
import { connectHub, type HubConnection } from '../../sync/index.ts'

/** Two devices on the small log of a pairing, at one hub or several. */
export type Meeting = {
  /** Says it at every hub that can be reached, also one that comes back. Resolves when one has it. */
  readonly say: (message: PairingMessage) => Promise<void>
  readonly close: () => void
}

export type MeetingInput = {
  readonly platform: Pick<Platform, 'network' | 'clock' | 'crypto'>
  readonly urls: readonly string[]
  readonly log: PairingLog
  /** What was said, one's own words too; each once. */
  readonly heard: (message: PairingMessage) => void
  /** All that a hub had when we came was heard. */
  readonly caughtUp: (url: string) => void
  /** A hub cannot be used now; it is tried again. */
  readonly failed: (problem: KithError) => void
}

const againMs = 1_000

export const createMeeting = ({ platform, urls, log, heard, caughtUp, failed }: MeetingInput): Meeting => {
  const { clock, crypto } = platform
  const known = new Set<string>()
  const said: { readonly entry: Uint8Array; readonly arrived: PromiseWithResolvers<void> }[] = []
  const hubs = new Set<{ connection: HubConnection | undefined; isOpen: boolean }>()
  const timers = new Set<Cancel>()
  let logId: Uint8Array | undefined
  let isClosed = false

  const hear = (bytes: Uint8Array): void => {
    const name = toHex(crypto.sha256(bytes))
    if (known.has(name) || known.size >= pairingEntriesMax) return
    known.add(name)
    // What cannot be opened was not said by either device.
    const message = ifUsable(() => openPairing(crypto, log, bytes))
    if (message) heard(message)
  }

  const start = (url: string): void => {
    const hub: { connection: HubConnection | undefined; isOpen: boolean } = { connection: undefined, isOpen: false }
    hubs.add(hub)
    const lost = (problem: KithError): void => {
      if (!hubs.delete(hub) || isClosed) return
      hub.connection?.close()
      failed(problem)
      const cancel = clock.after(againMs, () => {
        timers.delete(cancel)
        start(url)
      })
      timers.add(cancel)
    }
    hub.connection = connectHub({
      url,
      ...platform,
      events: {
        opened: () => {},
        entries: ({ entries, caughtUp: isAll }) => {
          if (isClosed) return
          for (const { bytes } of entries) hear(bytes)
          if (isAll) caughtUp(url)
        },
        signal: () => {},
        closed: lost,
      },
    })
    open(hub).catch((cause) => {
      if (!(cause instanceof KithError)) throw cause
      lost(cause)
    })
  }

  const open = async (hub: { connection: HubConnection | undefined; isOpen: boolean }): Promise<void> => {
    const rights = [
      { right: 'read' as const, seed: log.read.seed },
      { right: 'write' as const, seed: log.write.seed },
    ]
    const [opened] = (await hub.connection?.open([{ policy: log.policy, rights }])) ?? []
    if (!opened || opened instanceof KithError)
      throw opened ?? new KithError('hub-refused', 'The hub did not open the log.')
    const [accepted] = (await hub.connection?.pull([{ log: opened.log, lane: 0, follow: true }])) ?? []
    if (accepted instanceof KithError) throw accepted
    logId = opened.log
    hub.isOpen = true
    for (const { entry, arrived } of said) {
      await hub.connection?.put(opened.log, 0, [entry])
      arrived.resolve()
    }
  }

  for (const url of new Set(urls)) start(url)

  return {
    say: async (message) => {
      const entry = sealPairing(crypto, log, message)
      const arrived = Promise.withResolvers<void>()
      said.push({ entry, arrived })
      for (const { connection, isOpen } of hubs) {
        if (!connection || !isOpen || !logId) continue
        connection.put(logId, 0, [entry]).then(
          () => arrived.resolve(),
          () => {},
        )
      }
      await arrived.promise
    },
    close: () => {
      isClosed = true
      for (const cancel of timers) cancel()
      for (const { connection } of hubs) connection?.close()
      const reason = new KithError('closed', 'The pairing was closed.')
      for (const { arrived } of said) {
        arrived.promise.catch(() => {})
        arrived.reject(reason)
      }
    },
  }
}
