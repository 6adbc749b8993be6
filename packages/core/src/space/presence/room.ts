import { equalBytes, ifUsable, toBase32, toHex } from '../../bytes/index.ts'
import { openPresence, type PresenceType, sealPresence } from '../../keys/index.ts'
import { presenceAnswerMs, presenceBeatMs, presenceSendMs, presenceStrangersMax } from '../../limits/index.ts'
import type { Member } from '../../membership/index.ts'
import type { Cancel } from '../../ports/index.ts'
import type { HubSignal } from '../../sync/index.ts'
import type { Engine } from '../engine.ts'
import { nameOf as nameIn } from '../names.ts'
import type { Network } from '../network.ts'
import { createNotifier } from '../notify.ts'
import type { Replica } from '../replica.ts'
import type { SpaceLogs } from '../space-logs.ts'
import type { Peer } from './api.ts'
import { createPeers, type Peers } from './peers.ts'
import { createPresenceKeys } from './sealing.ts'
import { type OwnSession, textToState, toPeerId } from './session.ts'

export type RoomInput = {
  readonly engine: Engine
  readonly network: Pick<Network, 'signal' | 'onSignals'>
  /** Local number of the space. */
  readonly n: number
  readonly replicaOf: () => Replica
  readonly logs: SpaceLogs
}

/** Who is in one space. It listens as long as one of our sessions is there. */
export type Room = {
  readonly enter: (session: OwnSession) => void
  /** What a session shows has changed. */
  readonly changed: (session: OwnSession) => void
  readonly leave: (session: OwnSession) => void
  /** Everybody but this session. */
  readonly others: (session: OwnSession) => Peer[]
  /** Tells that `others` may differ. */
  readonly notifier: ReturnType<typeof createNotifier>
  readonly close: () => void
}

export const createRoom = ({ engine, network, n, replicaOf, logs }: RoomInput): Room => {
  const { clock, crypto } = engine.platform
  const { signing } = engine.person.device
  const notifier = createNotifier(clock)
  const keyOf = createPresenceKeys(crypto, replicaOf)
  const sessions = new Set<OwnSession>()
  /** Sessions that have to say what is new. */
  const news = new Set<OwnSession>()
  let peers: Peers | undefined
  let stops: (() => void)[] = []
  let cancelNext: Cancel | undefined
  /** By the monotonic clock: when anything was said to all. */
  let saidAt = Number.NEGATIVE_INFINITY
  /** We may not know who is here. */
  let asks = false
  /** Said by devices that are nobody's yet. */
  const strangers: HubSignal[] = []
  /** When each peer was answered last. */
  const answered = new Map<string, number>()
  let known: { readonly epochs: unknown; readonly byDevice: ReadonlyMap<string, Member> } | undefined
  const names = new Map<string, string>()

  const touch = (): void => notifier.touch(n, [''])

  /** The live member whose device it is. The list of epochs is another after each change of membership. */
  const memberOf = (device: Uint8Array): Member | undefined => {
    const replica = replicaOf()
    const epochs = replica.epochs()
    if (known?.epochs !== epochs) known = { epochs, byDevice: devicesOf(replica) }
    return known.byDevice.get(toHex(device))
  }
  const nameOf = (member: Member): string => {
    const key = toHex(member.person)
    const name = names.get(key) ?? nameIn(engine, replicaOf(), member).name
    names.set(key, name)
    return name
  }

  /** Says it to all who have the log open, or to one of them. Lost where nobody hears it: the next beat comes. */
  const say = (session: OwnSession, type: PresenceType, to?: HubSignal): void => {
    const replica = replicaOf()
    const epoch = replica.epochInUse()
    const log = epoch && logs.mainOf(epoch.hash)
    const key = log && replica.me() && keyOf(log.epoch)
    if (!key) return
    session.time = Math.max(engine.clock.nowMs(), session.time + 1)
    const place = { space: replica.entry.id, log: log.id }
    const state = type === 'gone' ? undefined : session.text
    network.signal(log.id, sealPresence(crypto, key, place, signing, { ...session, type, state }), to)
  }

  const plan = (): void => {
    cancelNext?.()
    cancelNext = undefined
    if (sessions.size === 0) return
    const waitMs = saidAt + (news.size > 0 ? presenceSendMs : presenceBeatMs) - clock.monotonic()
    cancelNext = waitMs <= 0 ? clock.soon(sayAll) : clock.after(waitMs, sayAll)
  }
  const sayAll = (): void => {
    const isBeat = clock.monotonic() - saidAt >= presenceBeatMs
    // A beat for one is a beat for all of this device: so one timer serves them.
    for (const session of isBeat ? sessions : news) {
      say(session, asks ? 'asks' : 'here')
      asks = false
    }
    if (isBeat || news.size > 0) saidAt = clock.monotonic()
    news.clear()
    plan()
  }
  /** All of us, with the question who else is there. */
  const introduce = (): void => {
    asks = true
    for (const session of sessions) news.add(session)
    plan()
  }

  const heard = (signal: HubSignal): void => {
    const log = logs.find(signal.log)
    const key = log && keyOf(log.epoch)
    const opened = key && ifUsable(() => openPresence(crypto, signal.bytes, [key]))
    if (!opened || !peers) return
    const { message, isSigned } = opened
    // The cheap questions come first: a signature is the dearest.
    if (equalBytes(message.device, signing.publicKey) || !peers.isNews(message)) return
    if (!memberOf(message.device)) return early(signal)
    const state = textToState(message.state)
    if (!state || !isSigned(crypto, { space: replicaOf().entry.id, log: signal.log })) return
    peers.take(message, state)
    if (message.type === 'asks') answer(toPeerId(message.device, message.session), signal)
  }
  /** Who has just joined may be heard before the join is here: it is listened to again when membership changes. */
  const early = ({ hub, log, from, bytes }: HubSignal): void => {
    strangers.push({ hub, log: log.slice(), from: from.slice(), bytes: bytes.slice() })
    if (strangers.length > presenceStrangersMax) strangers.shift()
  }
  const answer = (peer: string, to: HubSignal): void => {
    const now = clock.monotonic()
    for (const [id, at] of answered) if (now - at >= presenceAnswerMs) answered.delete(id)
    if (answered.has(peer)) return
    answered.set(peer, now)
    for (const session of sessions) say(session, 'here', to)
  }

  const start = (): void => {
    peers = createPeers({ clock, nowMs: engine.clock.nowMs, changed: touch })
    stops = [
      network.onSignals(n, { opened: introduce, heard }),
      engine.notifier.listen((changes) => {
        if (!changes.get(n)?.has('')) return
        names.clear()
        touch()
        for (const signal of strangers.splice(0)) heard(signal)
      }),
      peers.close,
    ]
    asks = true
  }
  const stop = (): void => {
    for (const end of stops) end()
    stops = []
    strangers.length = 0
    peers = undefined
    cancelNext?.()
    cancelNext = undefined
  }

  const toPeer = (
    id: string,
    device: Uint8Array,
    { since, state }: { readonly since: number; readonly state: object },
  ): Peer[] => {
    const member = memberOf(device)
    if (!member) return []
    return [
      { id, address: toBase32(member.address), name: nameOf(member), state: { ...state }, since: new Date(since) },
    ]
  }

  return {
    notifier,
    enter: (session) => {
      sessions.add(session)
      if (!peers) start()
      news.add(session)
      touch()
      plan()
    },
    changed: (session) => {
      news.add(session)
      touch()
      plan()
    },
    leave: (session) => {
      if (!sessions.delete(session)) return
      news.delete(session)
      say(session, 'gone')
      touch()
      if (sessions.size === 0) stop()
    },
    others: (self) => {
      // Who is out sees nobody, not even as they were.
      if (!replicaOf().me()) return []
      const own = [...sessions].filter((session) => session !== self)
      const here = own.flatMap((session) => toPeer(session.id, signing.publicKey, session))
      const elsewhere = peers?.present() ?? []
      return [
        ...here,
        ...elsewhere.flatMap((peer) => toPeer(toPeerId(peer.device, peer.session), peer.device, peer)),
      ].sort((left, right) => left.since.getTime() - right.since.getTime() || (left.id < right.id ? -1 : 1))
    },
    close: () => {
      for (const session of sessions) say(session, 'gone')
      sessions.clear()
      stop()
      notifier.close()
    },
  }
}

/** By device: the member whose it is. */
const devicesOf = ({ membership }: Replica): ReadonlyMap<string, Member> =>
  new Map(
    membership
      .members()
      .filter(({ rank }) => rank !== 'recovery')
      .flatMap((member) => member.devices.map(({ device }) => [toHex(device), member] as const)),
  )
