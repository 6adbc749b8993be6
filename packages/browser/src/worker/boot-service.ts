import { createKith } from '@kith/core'
import { KithError } from '@kith/core/bytes'
import { createBrowserPlatform } from '../platform/platform.ts'
import type { Callee } from '../port/callee.ts'
import { createKithService } from './kith-service.ts'

export type BootOptions = {
  readonly store: string
  readonly hubs: readonly string[]
  readonly name: string | undefined
}

export type BootService = ReturnType<typeof createBootService>

/** What a worker can do before it has a person: open one, once. */
export const createBootService = (callee: Callee) => {
  let isOpened = false
  return {
    calls: {
      open: async ({ store, hubs, name }: BootOptions) => {
        if (isOpened) throw new KithError('storage-busy', 'This worker has a store already. Start another worker.')
        isOpened = true
        const { platform, storage, close } = await createBrowserPlatform(store)
        try {
          const kith = await createKith(platform, { hubs, ...(name === undefined ? {} : { name }) })
          return { kith: callee.add(createKithService(callee, kith, close)), address: kith.address, storage }
        } catch (cause) {
          close()
          throw cause
        }
      },
    },
    listens: {},
  }
}
