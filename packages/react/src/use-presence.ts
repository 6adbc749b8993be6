import type { App, Peer, Presence, Space, StatePart } from '@kith/core'
import { useRuntime } from './provider.ts'
import { useReady } from './resource.ts'

/** Who is in a space just now, and what this page shows of itself. */
export type Here<State extends object> = {
  /** One for each tab and device that has the space open, but this. */
  readonly others: readonly Peer<State>[]
  /** One for each person among them, ourselves left out: of several tabs the one that came first. */
  readonly people: readonly Peer<State>[]
  /** Keys that are not given stay; `undefined` takes one away. What cannot be shown is reported, not thrown. */
  readonly set: (state: StatePart<State>) => void
  /** For editors with a binding of their own. */
  readonly presence: Presence<State>
}

/** Is in the space while a component shows it, and sees who else is. All components of a page share one presence a space. Suspends at first. */
export const usePresence = <State extends object, A extends App = App>(space: Space<A>): Here<State> => {
  const { kith, resources } = useRuntime()
  return useReady(
    resources.of<Here<State>>(space, 'presence', (show, fail) => {
      const entering = space.presence<State>()
      entering.then((presence) => follow(presence, kith.address, show), fail)
      return () => {
        entering.then((presence) => presence.close()).catch(reportError)
      }
    }),
  )
}

const follow = <State extends object>(
  presence: Presence<State>,
  own: string,
  show: (here: Here<State>) => void,
): void => {
  const set = (state: StatePart<State>): void => {
    presence.set(state).catch(reportError)
  }
  presence.live((others) => show({ others, people: toPeople(others, own), set, presence }))
}

const toPeople = <State extends object>(others: readonly Peer<State>[], own: string): Peer<State>[] => {
  const people = new Map<string, Peer<State>>()
  for (const peer of others) if (peer.address !== own && !people.has(peer.address)) people.set(peer.address, peer)
  return [...people.values()]
}
