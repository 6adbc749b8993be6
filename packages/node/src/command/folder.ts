import { existsSync } from 'node:fs'
import { KithError } from '@kith/core/bytes'
import type { App } from '@kith/core/schema'
import type { Network } from '@kith/core/ports'
import { createKith, type InspectedSpace, type Kith, type Space, type SpaceSummary } from '@kith/core/space'
import { databaseFile } from '../index.ts'
import { createNodePlatform } from '../platform/platform.ts'
import { keptSchema } from './saved-schema.ts'

/** Who reads sends nothing, and takes nothing in. */
const offline: Network = {
  connect: (_url, { closed }) => {
    queueMicrotask(() => closed('this command works offline'))
    return { send: () => {}, bufferedBytes: () => 0, close: () => {} }
  },
}

/** Opens the folder offline, to read what is in it; never makes one. Closes it however `read` ends. */
export const withFolder = async <T>(folder: string, read: (kith: Kith) => Promise<T>): Promise<T> => {
  if (!existsSync(databaseFile(folder))) throw new KithError('not-found', `There is no Kith data in ${folder}.`)
  const kith = await createKith({ ...(await createNodePlatform(databaseFile(folder))), network: offline })
  try {
    return await read(kith)
  } finally {
    await kith.close()
  }
}

/** The one space of this name, or whose id begins like this. */
export const findSpace = async (kith: Kith, wanted: string): Promise<SpaceSummary> =>
  pickSpace(await kith.spaces(), wanted)

/** The same among all that is here, homes and the person's own space too; an app's space of that name comes first. */
export const findInspected = async (kith: Kith, wanted: string): Promise<InspectedSpace> => {
  const spaces = await kith.inspect.spaces()
  const ofApps = spaces.filter(({ kind }) => kind === 'app')
  return pickSpace(ofApps.some(({ name }) => name === wanted) ? ofApps : spaces, wanted)
}

const pickSpace = <S extends { readonly id: string; readonly name: string }>(
  spaces: readonly S[],
  wanted: string,
): S => {
  const byName = spaces.filter((space) => space.name === wanted)
  const found = byName.length > 0 ? byName : spaces.filter((space) => wanted.length >= 4 && space.id.startsWith(wanted))
  if (found.length === 1 && found[0] !== undefined) return found[0]
  const names = spaces.map((space) => `"${space.name}" (${space.id})`).join(', ')
  if (found.length === 0) throw new KithError('not-found', `No space is called "${wanted}". Here: ${names || 'none'}.`)
  throw new KithError('not-found', `${found.length} spaces are called "${wanted}". Use the id: ${names}.`)
}

/** Opens a space by the schema that was kept with the data. */
export const openSpace = async (
  kith: Kith,
  folder: string,
  summary: SpaceSummary,
): Promise<{ app: App; space: Space<App> }> => {
  const app = keptSchema(folder, summary.app)
  if (app === undefined) {
    throw new KithError(
      'not-found',
      `The schema of ${summary.app} is not in ${folder}/schemas: only its app can read it.`,
    )
  }
  return { app, space: await kith.open(app, summary.id) }
}
