import { type Peer, type Presence, type RowsPatch, rowsToPatch } from '@kith/core'
import type { ListenEvents } from '../port/messages.ts'

/** `start` comes first, and again from a worker that took over. */
export type PresenceEvent =
  | { readonly type: 'start'; readonly id: string }
  | { readonly type: 'others'; readonly patch: RowsPatch<Peer> }

/** One tab that is in a space. */
export const createPresenceSession = ({ event, failed }: ListenEvents<PresenceEvent>, entering: Promise<Presence>) => {
  let shown: readonly Peer[] = []
  entering.then((presence) => {
    event({ type: 'start', id: presence.id })
    presence.live((others) => {
      const patch = rowsToPatch(shown, others)
      shown = others
      event({ type: 'others', patch })
    })
  }, failed)
  const close = async (): Promise<void> => (await entering).close()
  return {
    stop: () => {
      close().catch(() => {})
    },
    calls: {
      set: async (state: object): Promise<void> => (await entering).set(state),
      close,
    },
  }
}
