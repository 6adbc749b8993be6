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

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`
