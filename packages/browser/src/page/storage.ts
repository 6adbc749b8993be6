import { megabytes, type StorageKind, type StorageStatus } from '../platform/storage-status.ts'

/** When so much of what the browser gives is used, the person is told. */
const nearlyFull = 0.9

export const readStorageStatus = async (kind: StorageKind): Promise<StorageStatus> => {
  const { storage } = navigator
  const [isPersisted, { usage, quota }] = await Promise.all([
    storage.persisted().catch(() => false),
    storage.estimate().catch((): StorageEstimate => ({})),
  ])
  const isPersistent = kind === 'kept' && isPersisted
  return { kind, isPersistent, usedBytes: usage, quotaBytes: quota, warning: warn(kind, isPersistent, usage, quota) }
}

/** @returns whether the browser agrees. Some ask the person first. */
export const persist = async (): Promise<boolean> => navigator.storage.persist().catch(() => false)

const warn = (
  kind: StorageKind,
  isPersistent: boolean,
  usage: number | undefined,
  quota: number | undefined,
): string | undefined => {
  if (kind === 'memory')
    return 'This window keeps no files (a private window?): what is written here is gone when the tab that was opened first is closed, unless a hub or another member has it.'
  if (usage !== undefined && quota !== undefined && usage > quota * nearlyFull)
    return `This site has ${megabytes(usage)} of the ${megabytes(quota)} that the browser gives it. Free space on the disk.`
  if (!isPersistent)
    return 'The browser may drop what this site keeps when the disk is short. Let it keep the data for good: persist().'
  return undefined
}
