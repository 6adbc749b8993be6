import type { App, Kith, Space, SpaceSummary } from '@kith/core'
import { openPageSpace } from './page-space.ts'
import { useRuntime } from './provider.ts'
import { fromPromise, useReady } from './resource.ts'

/**
 * A space of an app, by its id; or with a name, the one that the page is about: that of an invite or id in the page's address, else the one
 * used last, else a new one of this name. Suspends until it is open.
 *
 * @throws KithError to the error boundary: those of `open`, and of `join` for an invite.
 */
export const useSpace = <A extends App>(app: A, which: string | { readonly name: string }): Space<A> => {
  const { kith, resources, apps } = useRuntime()
  const name = typeof which === 'string' ? which : 'of the page'
  const space = useReady(
    resources.of<Space<A>>(
      kith,
      `space ${app.id} ${app.version} ${name}`,
      fromPromise(() => openSpace(kith, app, which)),
    ),
  )
  apps.set(space, app)
  return space
}

const openSpace = async <A extends App>(
  kith: Kith,
  app: A,
  which: string | { readonly name: string },
): Promise<Space<A>> => (typeof which === 'string' ? kith.open(app, which) : openPageSpace(kith, app, which.name))

/** The person's spaces, of one app or all, the last changed first. */
export const useSpaces = (app?: App): readonly SpaceSummary[] => {
  const { kith, resources } = useRuntime()
  return useReady(
    resources.of<SpaceSummary[]>(kith, `spaces ${app?.id ?? ''}`, (show) => kith.liveSpaces(app ? { app } : {}, show)),
  )
}

/** The app that a space was opened for. */
export const useAppOf = <A extends App>(space: Space<A>): A => {
  const app = useRuntime().apps.get(space)
  if (!app) throw new Error('This space was not opened by useSpace.')
  return app as A
}
