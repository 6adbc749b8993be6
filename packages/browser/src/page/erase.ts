import { KithError } from '@kith/core'
import { eraseFiles } from '../platform/erase-files.ts'
import { leaderLock } from '../tabs/names.ts'
import { dropMark } from './mark.ts'

/**
 * Deletes a store with all that is in it, keys too: for one that is `storage-damaged`, `storage-locked` or `storage-lost`, before somebody
 * begins in it again. What no hub and no other device has is gone.
 *
 * @throws KithError `storage-busy` while a tab has it open.
 */
export const eraseStore = async (store = 'kith'): Promise<void> => {
  const isFree = await navigator.locks.request(leaderLock(store), { ifAvailable: true }, async (lock) => {
    if (!lock) return false
    await eraseFiles(store)
    dropMark(store)
    return true
  })
  if (!isFree) throw new KithError('storage-busy', `The store "${store}" is open in a tab: close it first.`, { store })
}
