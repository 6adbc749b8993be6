import type { Device } from '@kith/core'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { useKith } from '../provider.ts'
import { AddDevice, type AddDeviceProps } from './add-device.tsx'

/** This person's devices, with a way to end one that is lost and to add another. */
export const DeviceList = (adding: AddDeviceProps): ReactNode => {
  const kith = useKith()
  const [devices, setDevices] = useState<readonly Device[]>([])
  const [problem, setProblem] = useState<string>()
  const say = (error: unknown): void => setProblem(error instanceof Error ? error.message : String(error))
  const read = useCallback(async () => setDevices(await kith.devices()), [kith])
  useEffect(() => {
    // Other devices may add and end some meanwhile; that is told with the status.
    return kith.liveStatus(() => void read().catch(say))
  }, [kith, read])

  const revoke = (device: Device): void => {
    const name = device.name || 'this device'
    if (!globalThis.confirm(`End ${name}? It will get nothing new, and what it writes will not count.`)) return
    kith.revokeDevice(device.id).then(read).catch(say)
  }
  return (
    <div data-kith="devices">
      <ul>
        {devices.map((device) => (
          <li key={device.id}>
            <span data-kith="name">
              {device.name || `${device.id.slice(0, 8)}…`}
              {device.isThis ? ' (this one)' : ''}
            </span>
            {device.isThis ? null : (
              <button type="button" onClick={() => revoke(device)}>
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      <AddDevice
        {...adding}
        added={(device) => {
          adding.added?.(device)
          void read().catch(say)
        }}
      />
      {problem === undefined ? null : <p role="alert">{problem}</p>}
    </div>
  )
}
