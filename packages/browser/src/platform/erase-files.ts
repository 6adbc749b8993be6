import { storageError } from './sqlite-error.ts'
import { storesFolder, untilFree } from './store-files.ts'
import { dropVault } from './vault.ts'

/** The files of a store and the key of what is locked in them. @throws KithError `storage-busy`, `storage-unavailable`. */
export const eraseFiles = async (store: string): Promise<void> => {
  try {
    const root = await navigator.storage.getDirectory()
    const folder = await root.getDirectoryHandle(storesFolder, { create: true })
    // The worker that had them may be just ending.
    await untilFree(async () => {
      await folder.removeEntry(store, { recursive: true }).catch((cause: unknown) => {
        if (!(cause instanceof DOMException && cause.name === 'NotFoundError')) throw cause
      })
    })
    await dropVault(store)
  } catch (cause) {
    throw storageError(store, cause)
  }
}
