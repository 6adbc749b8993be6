import type { App, HeldBack, Member, Space, SpaceStatus, Status } from '@kith/core'
import { useRuntime } from './provider.ts'
import { useReady } from './resource.ts'

/** Who is in a space, live. */
export const useMembers = <A extends App>(space: Space<A>): readonly Member[] =>
  useReady(useRuntime().resources.of<Member[]>(space, 'members', (show) => space.liveMembers(show)))

/** Hubs, what is on its way, and the clock, live. */
export const useStatus = (): Status => {
  const { kith, resources } = useRuntime()
  return useReady(resources.of<Status>(kith, 'status', (show) => kith.liveStatus(show)))
}

/** What has to be updated before this device writes in a space again, live: the app or the program; undefined where nothing has. */
export const useNeedsUpdate = <A extends App>(space: Space<A>): SpaceStatus['needsUpdate'] =>
  useReady(
    useRuntime().resources.of<{ readonly what: SpaceStatus['needsUpdate'] }>(space, 'needs update', (show) =>
      space.liveNeedsUpdate((what) => show({ what })),
    ),
  ).what

/** Changes without effect, and why, live. */
export const useHeldBack = <A extends App>(space: Space<A>): readonly HeldBack[] =>
  useReady(useRuntime().resources.of<HeldBack[]>(space, 'held back', (show) => space.liveHeldBack(show)))
