import { megabytes } from '../platform/storage-status.ts'
import type { ErrorData } from '../port/messages.ts'

/** Says of a full disk how much this site has, and of how much. */
export const explainStorageError = async (store: string, error: ErrorData): Promise<ErrorData> => {
  if (error.code !== 'storage-full') return error
  const { usage, quota } = await navigator.storage.estimate().catch((): StorageEstimate => ({}))
  if (usage === undefined || quota === undefined) return error
  return {
    ...error,
    message: `The store "${store}" cannot grow: this site has ${megabytes(usage)} of the ${megabytes(quota)} that the browser gives it. Free space on the disk, delete what is not needed, or let this site keep more. Nothing that was acknowledged is lost.`,
    details: { ...error.details, usedBytes: usage, quotaBytes: quota },
  }
}
