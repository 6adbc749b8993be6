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
