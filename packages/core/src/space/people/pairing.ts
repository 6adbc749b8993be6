/** Both ends of a pairing: what each says and awaits (`keys/device-link.ts`), and when it ends. */
import { equalBytes, KithError } from '../../bytes/index.ts'
import type { SigningKey } from '../../crypto/sign/index.ts'
import {
  type Answer,
  confirmPairing,
  createWelcome,
  isConfirmed,
  openWelcome,
  type PairingMessage,
  type Reveal,
  revealToCommitment,
  type SealingKey,
  secretToPairingLog,
  toTranscript,
  transcriptToCheck,
} from '../../keys/index.ts'
import { deviceCodeMs } from '../../limits/index.ts'
import type { Platform } from '../../ports/index.ts'
import { createMeeting } from './meeting.ts'

type Place = {
  readonly platform: Pick<Platform, 'network' | 'clock' | 'crypto'>
  readonly urls: readonly string[]
  readonly secret: Uint8Array
}

/** The device that a person has. */
export type Host = {
  /** Resolves when a hub knows that we wait. */
  readonly ready: Promise<void>
  /** Six digits, once a new device is there. Rejects when the pairing ends. */
  readonly met: Promise<{ readonly check: string; readonly device: Reveal }>
  /** Resolves when the new device has confirmed too. */
  readonly confirmed: () => Promise<void>
  readonly welcome: (payload: Uint8Array) => Promise<void>
  readonly end: (reason?: KithError) => void
}

export type HostInput = Place & {
  readonly nowMs: () => number
  readonly device: SigningKey
  readonly address: Uint8Array
}

export const createHost = ({ platform, urls, secret, nowMs, device, address }: HostInput): Host => {
  const { crypto, clock } = platform
  const log = secretToPairingLog(crypto, secret)
  const met = Promise.withResolvers<{ readonly check: string; readonly device: Reveal }>()
  const confirmed = Promise.withResolvers<void>()
  met.promise.catch(() => {})
  confirmed.promise.catch(() => {})
  const answer: Answer = { device: device.publicKey, address, nonce: crypto.randomBytes(32) }
  let commitment: Uint8Array | undefined
  let shown: Reveal | undefined
  let isEnded = false

  const end = (reason: KithError): void => {
    if (isEnded) return
    isEnded = true
    cancel()
    met.reject(reason)
    confirmed.reject(reason)
    // So that the other side need not wait; whether it hears that changes nothing.
    void meeting.say({ type: 'ended' }).catch(() => {})
    clock.after(farewellMs, meeting.close)
  }

  const heard = (message: PairingMessage): void => {
    if (isEnded) return
    switch (message.type) {
      case 'commit':
        // Two devices, one code: one of them is not the person's.
        if (commitment) return end(twoDevices())
        commitment = message.commitment
        void meeting.say({ type: 'answer', ...answer }).catch(() => {})
        return
      case 'answer':
        if (!equalBytes(message.nonce, answer.nonce)) end(twoDevices())
        return
      case 'reveal': {
        const { type: _, ...reveal } = message
        if (shown || !commitment || !equalBytes(revealToCommitment(crypto, reveal), commitment))
          return end(twoDevices())
        shown = reveal
        met.resolve({ check: transcriptToCheck(crypto, transcript()), device: reveal })
        return
      }
      case 'confirmed':
        if (shown && isConfirmed(crypto, shown.signing, transcript(), message.signature)) confirmed.resolve()
        return
      case 'ended':
        return end(endedThere())
      default:
    }
  }
  const transcript = (): Uint8Array => toTranscript(crypto, log, answer, shown as Reveal)

  const meeting = createMeeting({ platform, urls, log, heard, caughtUp: () => {}, failed: () => {} })
  const cancel = clock.after(deviceCodeMs, () => end(tooLate()))
  const ready = meeting.say({ type: 'offer', expires: nowMs() + deviceCodeMs })
  ready.catch(() => {})

  return {
    ready,
    met: met.promise,
    confirmed: () => confirmed.promise,
    welcome: async (payload) => {
      await meeting.say(createWelcome(crypto, device, shown as Reveal, transcript(), payload))
      isEnded = true
      cancel()
      clock.after(farewellMs, meeting.close)
    },
    end: (reason = endedHere()) => end(reason),
  }
}

/** The new device. */
export type Guest = {
  readonly check: string
  /** The old device's Ed25519 key, and the address of its person. */
  readonly host: Answer
  /** Says that the person has compared; resolves with what the old device hands over. */
  readonly confirm: () => Promise<Uint8Array>
  readonly end: () => void
}

export type GuestInput = Place & {
  readonly device: { readonly signing: SigningKey; readonly sealing: SealingKey }
  readonly name: string
  readonly apps: readonly string[] | undefined
  readonly nowMs: () => number
}

/** @throws KithError `bad-device-code` (nobody waits there), `device-not-linked`, `hub-unreachable`. */
export const createGuest = async (input: GuestInput): Promise<Guest> => {
  const { platform, urls, secret, device, name, apps, nowMs } = input
  const { crypto, clock } = platform
  const log = secretToPairingLog(crypto, secret)
  const nonce = crypto.randomBytes(32)
  const reveal: Reveal = { signing: device.signing.publicKey, sealing: device.sealing.publicKey, nonce, name, apps }
  const own = revealToCommitment(crypto, reveal)
  const answered = Promise.withResolvers<Answer>()
  const welcomed = Promise.withResolvers<Extract<PairingMessage, { type: 'welcome' }>>()
  const welcomeEnded = welcomed.promise.catch(() => {})
  let host: Answer | undefined
  let problem: KithError | undefined
  let isOffered = false
  let isEnded = false

  const end = (reason: KithError): void => {
    if (isEnded) return
    isEnded = true
    cancel()
    cancelSilence()
    answered.reject(reason)
    welcomed.reject(reason)
    void welcomeEnded
    clock.after(farewellMs, meeting.close)
  }
  const refuse = (reason: KithError): void => {
    if (isEnded) return
    void meeting.say({ type: 'ended' }).catch(() => {})
    end(reason)
  }

  const heard = (message: PairingMessage): void => {
    if (isEnded) return
    switch (message.type) {
      case 'offer':
        if (isOffered) return
        if (message.expires < nowMs()) return end(tooLate())
        isOffered = true
        cancelSilence()
        void meeting.say({ type: 'commit', commitment: own }).catch(() => {})
        return
      case 'commit':
        if (!equalBytes(message.commitment, own)) refuse(twoDevices())
        return
      case 'answer':
        if (host && !equalBytes(host.nonce, message.nonce)) return refuse(twoDevices())
        if (host) return
        host = message
        answered.resolve(message)
        return
      case 'welcome':
        return welcomed.resolve(message)
      case 'ended':
        return end(endedThere())
      default:
    }
  }
  /** A code that nobody has made leads to a log that nobody has written to, at any hub. */
  const silent = new Set<string>()
  const caughtUp = (url: string): void => {
    silent.add(url)
    if (!isOffered && silent.size === new Set(urls).size) end(noSuchCode())
  }

  const meeting = createMeeting({
    platform,
    urls,
    log,
    heard,
    caughtUp,
    failed: (cause) => {
      problem = cause
    },
  })
  const cancel = clock.after(deviceCodeMs, () => end(tooLate()))
  const cancelSilence = clock.after(silenceMs, () =>
    end(
      silent.size > 0
        ? noSuchCode()
        : (problem ?? new KithError('hub-unreachable', 'No hub has answered. Check the connection, then try again.')),
    ),
  )
  const from = await answered.promise
  await meeting.say({ type: 'reveal', ...reveal })
  const transcript = toTranscript(crypto, log, from, reveal)

  return {
    check: transcriptToCheck(crypto, transcript),
    host: from,
    confirm: async () => {
      await meeting.say(confirmPairing(crypto, device.signing, transcript))
      const welcome = await welcomed.promise
      isEnded = true
      cancel()
      meeting.close()
      return openWelcome(crypto, from.device, device.sealing, transcript, welcome)
    },
    end: () => refuse(endedHere()),
  }
}

/** Time for the last word to reach a hub. */
const farewellMs = 2_000
const silenceMs = 15_000

const again = 'Begin again with a fresh code.'
const twoDevices = (): KithError =>
  new KithError('device-not-linked', `Two devices used the same code, and one of them may not be yours. ${again}`)
const endedThere = (): KithError => new KithError('device-not-linked', `The other device has ended it. ${again}`)
const endedHere = (): KithError => new KithError('device-not-linked', `It was ended here. ${again}`)
const tooLate = (): KithError =>
  new KithError('bad-device-code', 'The code has expired: each is good for ten minutes. Make a fresh one.')
const noSuchCode = (): KithError =>
  new KithError(
    'bad-device-code',
    'No device waits with this code: there is a slip in it, or it has expired. Look at the other device.',
  )
