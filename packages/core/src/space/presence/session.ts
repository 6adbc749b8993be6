import { concatBytes, equalBytes, fromBase32, ifUsable, KithError, toBase32, utf8 } from '../../bytes/index.ts'
import { presenceSessionBytes } from '../../keys/index.ts'
import { presenceStateBytesMax } from '../../limits/index.ts'
import type { Engine } from '../engine.ts'
import { canonicalJson } from '../../schema/index.ts'

/** One of our own tabs or programs in a room. */
export type OwnSession = {
  readonly id: string
  readonly session: Uint8Array
  readonly since: number
  /** Of its last message: each is later than the one before. */
  time: number
  /** What it shows, and the same as text; undefined before it shows anything. */
  state: unknown
  text: string | undefined
}

/** Of a device only what nobody can make another key for: its first 16 bytes. */
const devicePartBytes = 16

/** What names a session to apps: of two devices never the same. */
export const toPeerId = (device: Uint8Array, session: Uint8Array): string =>
  toBase32(concatBytes(device.subarray(0, devicePartBytes), session))

/** @throws KithError `bad-value` for an id that is not one of this device's. */
export const createOwnSession = ({ platform, person, clock }: Engine, resume: string | undefined): OwnSession => {
  const device = person.device.signing.publicKey
  const session =
    resume === undefined ? platform.crypto.randomBytes(presenceSessionBytes) : resumedSession(device, resume)
  const id = toPeerId(device, session)
  return { id, session, since: clock.nowMs(), time: 0, state: undefined, text: undefined }
}

const resumedSession = (device: Uint8Array, id: string): Uint8Array => {
  const bytes = ifUsable(() => fromBase32(id))
  const isOurs =
    bytes?.length === devicePartBytes + presenceSessionBytes &&
    equalBytes(bytes.subarray(0, devicePartBytes), device.subarray(0, devicePartBytes))
  if (!isOurs) throw new KithError('bad-value', 'What goes on is a presence of this device, by its id.')
  return bytes.slice(devicePartBytes)
}

/** Shows another state. False if it is the same. @throws KithError `bad-value`, `too-large`. */
export const showState = (session: OwnSession, state: unknown): boolean => {
  const text = canonicalJson(state)
  if (text === undefined)
    throw new KithError('bad-value', 'What others see of you is JSON: no functions, dates or cycles.')
  if (utf8(text).length > presenceStateBytesMax)
    throw new KithError('too-large', `What others see of you is at most ${presenceStateBytesMax} bytes of JSON.`)
  if (text === session.text) return false
  session.text = text
  session.state = JSON.parse(text)
  return true
}
