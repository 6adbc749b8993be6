import type { ErrorData } from '../port/messages.ts'

/** 'kept': on the disk. 'memory': gone with the tab that has it, because this browser (a private window, perhaps) keeps no files. */
export type StorageKind = 'kept' | 'memory'

export type StorageStatus = {
  readonly kind: StorageKind
  /** The browser drops it only if the person says so; otherwise also when the disk is short, or (Safari) after a week without a visit. */
  readonly isPersistent: boolean
  /** Of all that this origin keeps, as far as the browser tells. */
  readonly usedBytes: number | undefined
  readonly quotaBytes: number | undefined
  /** What the person should know. */
  readonly warning: string | undefined
}

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

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
