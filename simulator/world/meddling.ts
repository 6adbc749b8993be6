import { frameToHubMessage, type HubMessage, hubMessageToFrame } from '@kith/core/wire'
import type { Dice } from '@kith/testing/simulation'

/** What a hub that is not honest does with what it sends. It cannot forge: it has no keys. */
export type Meddler = { readonly down: (device: string, frame: Uint8Array) => Uint8Array[] }

export const meddlings = ['drop', 'replay', 'withhold', 'lie'] as const
export type Meddling = (typeof meddlings)[number]

type Entries = HubMessage & { type: 'entries' }

/** `victim` is whom a hub withholds from; the others do it to everybody. */
export const createMeddler = (meddling: Meddling, dice: Dice, victim: string): Meddler => {
  const seen = new Map<string, Entries[]>()
  const change: Record<Meddling, (device: string, message: Entries) => HubMessage[]> = {
    drop: (_device, message) => [{ ...message, entries: message.entries.filter(() => !dice.chance(0.3)) }],
    replay: (device, message) => {
      const old = seen.get(device) ?? []
      seen.set(device, [...old, message].slice(-8))
      return dice.chance(0.5) ? [message, ...old.filter(() => dice.chance(0.5)), message] : [message]
    },
    withhold: (device, message) => (device === victim ? [{ ...message, entries: [] }] : [message]),
    lie: (_device, message) => [
      {
        ...message,
        entries: message.entries.map((entry) => {
          if (!dice.chance(0.3)) return entry
          const bytes = entry.bytes.slice()
          const at = dice.roll(bytes.length)
          bytes[at] = (bytes[at] as number) ^ 1
          return { ...entry, bytes }
        }),
      },
    ],
  }
  return {
    down: (device, frame) => {
      const message = frameToHubMessage(frame)
      if (message.type !== 'entries' || message.entries.length === 0) return [frame]
      return change[meddling](device, message).map(hubMessageToFrame)
    },
  }
}
