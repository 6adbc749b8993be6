import type { Platform } from '@kith/core/ports'
import { createBrowserClock } from './clock.ts'
import { createBrowserCompression } from './compression.ts'
import { createBrowserCrypto } from './crypto.ts'
import { createBrowserNetwork } from './network.ts'
import { openStorage } from './storage.ts'
import type { StorageKind } from './storage-status.ts'

export type BrowserPlatform = {
  readonly platform: Platform
  readonly storage: StorageKind
  /** After the engine is closed. */
  readonly close: () => void
}

/** The platform of a dedicated worker: other threads have no synchronous files. @throws as `openStorage`. */
export const createBrowserPlatform = async (store: string): Promise<BrowserPlatform> => {
  const [crypto, storage] = await Promise.all([createBrowserCrypto(), openStorage(store)])
  const clock = createBrowserClock()
  return {
    platform: {
      clock,
      crypto,
      compression: createBrowserCompression(),
      network: createBrowserNetwork(),
      openDatabase: storage.openDatabase,
    },
    storage: storage.kind,
    close: () => {
      clock.close()
      storage.close()
    },
  }
}
