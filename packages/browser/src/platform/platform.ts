import { createBlindRsa } from '@kith/core/crypto/blind'
import { createSecretSharing } from '@kith/core/crypto/split'
import type { Platform } from '@kith/core/ports'
import { createBrowserClock } from './clock.ts'
import { createBrowserCompression } from './compression.ts'
import { createBrowserCrypto } from './crypto.ts'
import { createBrowserNetwork } from './network.ts'
import { openStorage } from './storage.ts'
import type { StorageKind } from './storage-status.ts'
import { createVault } from './vault.ts'

export type BrowserPlatform = {
  readonly platform: Platform
  readonly storage: StorageKind
  /** There is nobody in the store yet. */
  readonly isNew: boolean
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
      blindRsa: createBlindRsa(globalThis.crypto.subtle),
      secretSharing: createSecretSharing(),
      network: createBrowserNetwork(),
      vault: storage.secret && createVault(store, storage.secret, crypto),
      openDatabase: storage.openDatabase,
    },
    storage: storage.kind,
    isNew: storage.isNew,
    close: () => {
      clock.close()
      storage.close()
    },
  }
}
