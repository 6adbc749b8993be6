import type { AddDeviceOptions, AddingDevice, Device } from '@kith/core'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useKith } from '../provider.ts'
import { QrCode } from './qr-code.tsx'
import { messageOf } from './message-of.ts'

export type AddDeviceProps = {
  /** The apps that the new device may have; all unless given. */
  readonly options?: AddDeviceOptions
  /** The address of the app that opens the device's link; this page unless given. */
  readonly page?: string
  readonly added?: (device: Device) => void
  readonly children?: ReactNode
}

type Stage =
  | { readonly at: 'start'; readonly problem?: string }
  | { readonly at: 'code'; readonly adding: AddingDevice }
  | { readonly at: 'check'; readonly adding: AddingDevice; readonly check: string; readonly name: string }
  | { readonly at: 'done'; readonly device: Device }

/**
 * Adds another device of the same person: shows a code to scan or type there, then six digits that both must show, because whoever
 * sees the code could be quicker.
 */
export const AddDevice = ({ options, page, added, children = 'Add a device' }: AddDeviceProps): ReactNode => {
  const kith = useKith()
  const [stage, setStage] = useState<Stage>({ at: 'start' })
  const current = useRef<AddingDevice>(undefined)
  useEffect(() => () => current.current?.cancel(), [])

  const fail = (error: unknown): void => {
    current.current = undefined
    setStage({ at: 'start', problem: messageOf(error) })
  }
  const begin = async (): Promise<void> => {
    const adding = await kith.addDevice(options)
    current.current = adding
    setStage({ at: 'code', adding })
    const { check, name } = await adding.met
    setStage({ at: 'check', adding, check, name })
  }
  const confirm = async (adding: AddingDevice): Promise<void> => {
    const device = await adding.confirm()
    current.current = undefined
    setStage({ at: 'done', device })
    added?.(device)
  }
  const cancel = (): void => {
    current.current?.cancel()
    current.current = undefined
    setStage({ at: 'start' })
  }

  if (stage.at === 'start' || stage.at === 'done') {
    return (
      <div data-kith="add-device">
        {stage.at === 'done' ? <p role="status">{stage.device.name || 'The device'} is one of yours now.</p> : null}
        <button type="button" onClick={() => void begin().catch(fail)}>
          {children}
        </button>
        {stage.at === 'start' && stage.problem !== undefined ? <p role="alert">{stage.problem}</p> : null}
      </div>
    )
  }
  const { adding } = stage
  return (
    <div data-kith="add-device">
      {stage.at === 'code' ? (
        <>
          <p>Scan this with the new device, or type the code there:</p>
          <QrCode text={linkOf(page, adding.link)} label="QR code for the new device" />
          <output>{adding.code}</output>
        </>
      ) : (
        <>
          <p>Does {stage.name || 'the new device'} show the same number?</p>
          <output>{stage.check}</output>
          <button type="button" onClick={() => void confirm(adding).catch(fail)}>
            Yes, the same
          </button>
        </>
      )}
      <button type="button" onClick={cancel}>
        Cancel
      </button>
    </div>
  )
}

const linkOf = (page: string | undefined, link: string): string => {
  const url = new URL(page ?? globalThis.location.href)
  url.hash = link
  return url.href
}
