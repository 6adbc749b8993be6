import type { App, Kith, Space } from '@kith/core'

/**
 * The space of a page that shows one: an invite in the page's address is joined, a space's id there is opened; else the space used
 * last, else a new one. Then the address names the space, and the invite, which is a secret, is gone from it.
 */
export const openPageSpace = async <A extends App>(kith: Kith, app: A, name: string): Promise<Space<A>> =>
  alone(`kith page ${kith.address} ${app.id}`, async () => {
    const fragment = decodeURIComponent(globalThis.location?.hash.slice(1) ?? '')
    // A link by which a device is added is not for who is here already.
    const space = /^kith:(?!device#)/.test(fragment)
      ? await kith.join(app, fragment)
      : await openOrCreate(kith, app, fragment, name)
    globalThis.history?.replaceState(globalThis.history.state, '', `#${space.id}`)
    return space
  })

const openOrCreate = async <A extends App>(kith: Kith, app: A, id: string, name: string): Promise<Space<A>> => {
  const spaces = await kith.spaces({ app })
  const found = spaces.find((space) => space.id === id) ?? spaces[0]
  return found ? kith.open(app, found.id) : kith.createSpace(app, { name })
}

/** Two tabs that open at once must not make two spaces. */
const alone = async <T>(name: string, run: () => Promise<T>): Promise<T> => {
  const locks = globalThis.navigator?.locks as LockManager | undefined
  return locks ? await locks.request(name, run) : run()
}
