import type { App, Kith, Space, SpaceSummary, Status } from '@kith/core'
import { type AppData, dataToApp } from '../port/app-data.ts'
import type { Callee } from '../port/callee.ts'
import type { ListenEvents, ObjectNumber } from '../port/messages.ts'
import { createRowsEncoder, type RowsUpdate } from '../port/rows.ts'
import { nodeToQuery, type QueryNode } from './query.ts'
import { createSpaceService } from './space-service.ts'

export type KithService = ReturnType<typeof createKithService>

/** A person for the page; `closed` runs when the engine has let go of everything. */
export const createKithService = (callee: Callee, kith: Kith, closed: () => void) => {
  /** One object for each space, however often it is opened. */
  const known = new Map<Space<App>, ObjectNumber>()
  const toHandle = (space: Space<App>) => {
    let object = known.get(space)
    if (object === undefined) known.set(space, (object = callee.add(createSpaceService(callee, space))))
    return { object, id: space.id }
  }
  const filterOf = (app: AppData | undefined) => (app ? { app: dataToApp(app) } : {})

  return {
    calls: {
      createSpace: async (app: AppData, options: { name: string }) =>
        toHandle(await kith.createSpace(dataToApp(app), options)),
      join: async (app: AppData, link: string) => toHandle(await kith.join(dataToApp(app), link)),
      open: async (app: AppData, id: string) => toHandle(await kith.open(dataToApp(app), id)),
      spaces: (app: AppData | undefined) => kith.spaces(filterOf(app)),
      query: (app: AppData, node: QueryNode) => kith.query(dataToApp(app), nodeToQuery(node)),
      status: () => kith.status(),
      importBundle: (bundle: Uint8Array) => kith.importBundle(bundle),
      close: async () => {
        await kith.close()
        closed()
      },
    },
    listens: {
      live: ({ event, failed }: ListenEvents<RowsUpdate>, app: AppData, node: QueryNode) => {
        const encode = createRowsEncoder()
        return kith.live(dataToApp(app), nodeToQuery(node), (rows) => event(encode(rows)), failed)
      },
      liveSpaces: ({ event }: ListenEvents<SpaceSummary[]>, app: AppData | undefined) =>
        kith.liveSpaces(filterOf(app), event),
      liveStatus: ({ event }: ListenEvents<Status>) => kith.liveStatus(event),
    },
  }
}
