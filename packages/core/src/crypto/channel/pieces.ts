/**
 * Frames in a channel: [u32 length ‖ frame ‖ zeros], padded by Padmé to 256 bytes at least, in pieces that each are one transport message of Noise
 * and one WebSocket message. Who carries them sees how many pieces come and how long the last one is: the padded size.
 */
import { concatBytes, KithError, padme } from '../../bytes/index.ts'
import { channelBytesMin, channelPieceBytesMax, frameBytesMax } from '../../limits/index.ts'
import type { Opener, Sealer } from './noise.ts'
import { tagBytes } from './purpose.ts'

const lengthBytes = 4
const pieceFillBytes = channelPieceBytesMax - tagBytes

/** The pieces of one frame, sealed, in order. */
export function sealFrame(seal: Sealer, frame: Uint8Array): Uint8Array[] {
  const plain = new Uint8Array(paddedFrameBytes(frame.length))
  new DataView(plain.buffer).setUint32(0, frame.length)
  plain.set(frame, lengthBytes)
  const pieces: Uint8Array[] = []
  for (let at = 0; at < plain.length; at += pieceFillBytes) pieces.push(seal(plain.subarray(at, at + pieceFillBytes)))
  return pieces
}

/** Gives the frame when its last piece has come. Throws 'channel-broken' and, for what only the other end itself can have sent, 'bad-encoding' and 'too-large'. */
export function createFrameOpener(open: Opener): (piece: Uint8Array) => Uint8Array | undefined {
  let parts: Uint8Array[] = []
  let frameBytes = 0
  let bytesLeft = 0
  return (piece) => {
    const plain = open(piece)
    if (parts.length === 0) {
      if (plain.length < lengthBytes) throw bad('a frame begins with its length')
      frameBytes = new DataView(plain.buffer, plain.byteOffset).getUint32(0)
      if (frameBytes > frameBytesMax)
        throw new KithError('too-large', 'A frame in a channel passes the limit.', { size: frameBytes, frameBytesMax })
      bytesLeft = paddedFrameBytes(frameBytes)
    }
    if (plain.length !== Math.min(bytesLeft, pieceFillBytes)) throw bad('a piece is of another length')
    parts.push(plain)
    bytesLeft -= plain.length
    if (bytesLeft > 0) return undefined
    const whole = concatBytes(...parts)
    parts = []
    if (whole.subarray(lengthBytes + frameBytes).some((byte) => byte !== 0)) throw bad('the padding is not zeros')
    return whole.subarray(lengthBytes, lengthBytes + frameBytes)
  }
}

function paddedFrameBytes(frameBytes: number): number {
  return padme(Math.max(lengthBytes + frameBytes, channelBytesMin))
}

function bad(what: string): KithError {
  return new KithError('bad-encoding', `What came through a channel is not what the protocol says: ${what}.`)
}
