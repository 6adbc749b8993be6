import type { Kith } from '@kith/core'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { useKith } from '../provider.ts'

/** What a person's platform may say of where it keeps things: browsers do. */
type Keeping = {
  readonly storageStatus: () => Promise<{
    readonly kind: string
    readonly isPersistent: boolean
    readonly warning: string | undefined
  }>
  readonly persist: () => Promise<boolean>
}

/** Says when what is written may not stay: a private window, a browser that may drop it, a disk that is nearly full. Nothing otherwise. */
export const StorageNotice = (): ReactNode => {
  const { storageStatus, persist } = useKith() as Kith & Partial<Keeping>
  const [status, setStatus] = useState<Awaited<ReturnType<Keeping['storageStatus']>>>()
  const read = useCallback(async () => {
    if (storageStatus) setStatus(await storageStatus())
  }, [storageStatus])
  useEffect(() => void read().catch(reportError), [read])

  if (status?.warning === undefined) return null
  return (
    <div data-kith="storage" data-kind={status.kind}>
      <p role="status">{status.warning}</p>
      {status.kind === 'kept' && !status.isPersistent && persist ? (
        <button type="button" onClick={() => void persist().then(read).catch(reportError)}>
          Keep it for good
        </button>
      ) : null}
    </div>
  )
}
