import { createKith, type Kith } from '@kith/core'
import { equalBytes } from '@kith/core/bytes'
import type { Network, Platform } from '@kith/core/ports'
import { connectHub } from '@kith/core/sync'
import { frameToClientMessage, type Policy, policyToLogId } from '@kith/core/wire'
import { databaseFile } from '../open-kith.ts'
import { createNodeClock } from '../platform/clock.ts'
import { createNodeCrypto } from '../platform/crypto.ts'
import { createNodeNetwork } from '../platform/network.ts'
import { createNodePlatform } from '../platform/platform.ts'
import type { Scene } from './conditions.fixture.ts'

const crypto = await createNodeCrypto()

/** What one connection sent and got, frame by frame. */
export type Line = { readonly url: string; readonly sent: Uint8Array[]; readonly received: Uint8Array[] }

export type Watched = { readonly kith: Kith; readonly lines: Line[] }

/** A person all of whose connections are written down: what a hub is told, byte for byte. */
export const openWatched = async (scene: Scene, name: string, hubs: readonly string[]): Promise<Watched> => {
  const lines: Line[] = []
  const platform = await createNodePlatform(databaseFile(scene.path(name)))
  const watched: Platform = { ...platform, network: watch(platform.network, lines) }
  const kith = scene.ends(await createKith(watched, { name, hubs }), (open) => open.close())
  return { kith, lines }
}

const watch = (network: Network, lines: Line[]): Network => ({
  connect: (url, events) => {
    const line: Line = { url, sent: [], received: [] }
    lines.push(line)
    const connection = network.connect(url, {
      ...events,
      received: (message) => {
        line.received.push(message.slice())
        events.received(message)
      },
    })
    return {
      ...connection,
      send: (message) => {
        line.sent.push(message.slice())
        connection.send(message)
      },
    }
  },
})

/** All entries that were put on these lines, by the log that they were for. */
export const sentEntries = (lines: readonly Line[]): { policy: Policy; entries: Uint8Array[] }[] =>
  lines.flatMap(({ sent }) => {
    const messages = sent.map((frame) => frameToClientMessage(frame))
    const policies = messages.flatMap((message) =>
      message.type === 'open' ? message.logs.map(({ policy }) => policy) : [],
    )
    return messages.flatMap((message) => {
      if (message.type !== 'put') return []
      return message.puts.flatMap(({ log, entries }) => {
        const policy = policies.find((one) => equalBytes(policyToLogId(one, crypto), log))
        return policy ? [{ policy, entries: entries.map((entry) => entry.slice()) }] : []
      })
    })
  })

/** Ids of the logs of spaces that were opened on these lines. */
export const openedLogs = (lines: readonly Line[]): Uint8Array[] =>
  lines
    .flatMap(({ sent }) => sent.map((frame) => frameToClientMessage(frame)))
    .flatMap((message) => (message.type === 'open' ? message.logs : []))
    .filter(({ policy }) => policy.kind === 'space')
    .map(({ policy }) => policyToLogId(policy, crypto))

/** Puts bytes into an open box as they are; the hub's refusal, or 'stored'. */
export const putRaw = async (url: string, policy: Policy, entries: readonly Uint8Array[]): Promise<string> => {
  const ended = Promise.withResolvers<never>()
  ended.promise.catch(() => {})
  const connection = connectHub({
    url,
    network: createNodeNetwork(),
    clock: createNodeClock(),
    crypto,
    events: { opened: () => {}, entries: () => {}, signal: () => {}, closed: ended.reject },
  })
  try {
    const [log] = await connection.open([{ policy, rights: [] }])
    if (!log || log instanceof Error) throw log ?? new Error('The hub did not open the box.')
    await connection.put(log.log, 2, entries)
    return 'stored'
  } catch (cause) {
    return String((cause as { details?: { why?: string } }).details?.why ?? cause)
  } finally {
    connection.close()
  }
}
