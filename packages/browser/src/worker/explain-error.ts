import { KithError } from '@kith/core/bytes'
import type { Mark } from '../page/mark.ts'
import { megabytes } from '../platform/storage-status.ts'
import type { ErrorData } from '../port/messages.ts'

/**
 * Says of a full disk how much this site has. Not of how much: Chromium tells every site the same quota, so that nobody is known by his disk
 */
export const explainStorageError = async (store: string, error: ErrorData): Promise<ErrorData> => {
  if (error.code !== 'storage-full') return error
  const { usage } = await navigator.storage.estimate().catch((): StorageEstimate => ({}))
  if (usage === undefined) return error
  return {
    ...error,
    message: `The store "${store}" cannot grow: this site has ${megabytes(usage)} here, and the browser gives it no more. Free space on the disk, delete what is not needed, or let this site keep more. Nothing that was acknowledged is lost.`,
    details: { ...error.details, usedBytes: usage },
  }
}

/** Whoever was in the store is not made anew without a word: it may have other devices, which have what hubs have. */
export const lostError = (store: string, { address, pending }: Mark): KithError =>
  new KithError(
    'storage-lost',
    `The browser has dropped what this site kept on this device. ${lossOf(pending)} Erase the store; then link this device again from another of yours, come back by the recovery phrase, or begin anew.`,
    { store, address, ...(pending === undefined ? {} : { pending }) },
  )

const lossOf = (pending: number | undefined): string => {
  if (pending === undefined) return 'No hub was set, so that only other members may have it.'
  if (pending === 0) return 'All of it had reached a hub: nothing is lost.'
  return `What was written last (${pending} ${pending === 1 ? 'piece' : 'pieces'}) had not reached a hub and is lost.`
}
