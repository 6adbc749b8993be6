/** What a frame about a channel holds; apart from the handshake, which only who uses one loads. */
import { labelled } from '../../bytes/index.ts'

/** Bytes of a message of the handshake without payload. */
export const handshakeBytes = 48
export const tagBytes = 16

/** What the handshake is for, so that the answer to one is worth nothing as the other. */
export type ChannelPurpose = keyof typeof channelPurposes

export const channelPurposes = {
  /** The hub shows that it has its key; nothing is sent by these keys. A carrier asks for it before it passes anything on. */
  prove: 0,
  /** All that follows is sealed. */
  wrap: 1,
} as const

export function channelPrologue(purpose: ChannelPurpose): Uint8Array {
  return labelled('kith/1 channel', Uint8Array.of(channelPurposes[purpose]))
}
