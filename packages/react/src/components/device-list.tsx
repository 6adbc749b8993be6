import type { Device } from '@kith/core'
import { type ReactNode, useCallback, useEffect, useState } from 'react'
import { useKith } from '../provider.ts'
import { AddDevice, type AddDeviceProps } from './add-device.tsx'
import { ConfirmButton } from './confirm-button.tsx'
import { messageOf } from './message-of.ts'

/** This person's devices, with a way to end one that is lost and to add another. */
export const DeviceList = (adding: AddDeviceProps): ReactNode => {
  const kith = useKith()
  const [devices, setDevices] = useState<readonly Device[]>([])
  const [problem, setProblem] = useState<string>()
  const say = (error: unknown): void => setProblem(messageOf(error))
  const read = useCallback(async () => setDevices(await kith.devices()), [kith])
  useEffect(() => {
    // Other devices may add and end some meanwhile; that is told with the status.
    return kith.liveStatus(() => void read().catch(say))
  }, [kith, read])

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
              <ConfirmButton
                question={() => 'It will get nothing new, and what it writes will not count.'}
                yes={`End ${device.name || 'this device'}`}
                run={async () => kith.revokeDevice(device.id).then(read)}
              >
                End
              </ConfirmButton>
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
