import { concatBytes, KithError, toBase32, utf8 } from '../../bytes/index.ts'
import { presenceSessionBytes } from '../../keys/index.ts'
import { presenceStateBytesMax } from '../../limits/index.ts'
import type { Engine } from '../engine.ts'
import { canonicalJson, isCanonicalJson } from '../../schema/index.ts'
import type { PresenceOptions } from './api.ts'

/** One of our own tabs or programs in a room. */
export type OwnSession = {
  readonly id: string
  readonly session: Uint8Array
  readonly since: number
  /** Of its last message: each is later than the one before. */
  time: number
  /** What it shows, and the same as text; undefined before it shows anything. */
  state: object
  text: string | undefined
}

/** Of a device only what nobody can make another key for: its first 16 bytes. */
const devicePartBytes = 16

/** What names a session to apps: of two devices never the same. */
export const toPeerId = (device: Uint8Array, session: Uint8Array): string =>
  toBase32(concatBytes(device.subarray(0, devicePartBytes), session))

/** @throws KithError `bad-value`. */
export const createOwnSession = ({ platform, person, clock }: Engine, { session }: PresenceOptions): OwnSession => {
  const bytes = session?.slice() ?? platform.crypto.randomBytes(presenceSessionBytes)
  if (bytes.length !== presenceSessionBytes)
    throw new KithError('bad-value', `A session is named by ${presenceSessionBytes} random bytes.`)
  const id = toPeerId(person.device.signing.publicKey, bytes)
  return { id, session: bytes, since: clock.nowMs(), time: 0, state: {}, text: undefined }
}

/** Shows other values of some keys. False if nothing is new. @throws KithError `bad-value`, `too-large`. */
export const showState = (session: OwnSession, part: unknown): boolean => {
  const text = isState(part) ? canonicalJson({ ...session.state, ...part }) : undefined
  if (text === undefined)
    throw new KithError('bad-value', 'What others see of you is an object of JSON: no functions, dates or cycles.')
  if (utf8(text).length > presenceStateBytesMax)
    throw new KithError('too-large', `What others see of you is at most ${presenceStateBytesMax} bytes of JSON.`)
  if (text === session.text) return false
  session.text = text
  session.state = JSON.parse(text) as object
  return true
}

/** What a message says; undefined for what no program of ours would say. */
export const textToState = (text: string | undefined): object | undefined => {
  if (text === undefined) return {}
  const state: unknown = isCanonicalJson(text) ? JSON.parse(text) : undefined
  return isState(state) ? state : undefined
}

const isState = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
