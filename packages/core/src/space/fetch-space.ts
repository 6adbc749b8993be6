import { equalBytes, ifUsable, KithError, toHex } from '../bytes/index.ts'
import {
  type Change,
  decodeSegment,
  decodeSegmentUnchecked,
  entryKinds,
  kinds,
  openEntry,
  type UnpackedSegment,
  unpackSegments,
} from '../change/index.ts'
import {
  checkSecret,
  type InvitePayload,
  type Link,
  type LogKeys,
  linkToLog,
  openInviteEntry,
  openLinks,
  secretToKeys,
} from '../keys/index.ts'
import { createMembership, decodeEpoch } from '../membership/index.ts'
import type { Cursor } from '../sync/index.ts'
import type { Engine } from './engine.ts'
import { createLogReader, type LogReader } from './log-reader.ts'

/** What a link gave: enough to read the space and to write the join. */
export type Fetched = {
  readonly invite: InvitePayload
  readonly url: string
  /** The logs that were read, oldest first. */
  readonly logs: readonly FetchedLog[]
}

export type FetchedLog = {
  readonly log: Uint8Array
  readonly segments: readonly UnpackedSegment[]
  /** Boxes of epochs. */
  readonly sealedBoxes: readonly Uint8Array[]
  readonly cursor: Cursor | undefined
}

/** What a hub, or a member who writes junk, can make a joiner read: logs on the way back to the beginning, and payloads of the invite that are tried. */
const logsMax = 64
const invitesMax = 32

type Way = {
  readonly epoch: Uint8Array
  readonly keys: { readonly membership: Uint8Array; readonly content: Uint8Array | undefined; readonly log: LogKeys }
}

/** Fetches the invite and the space's membership from one hub. @throws KithError `hub-unreachable`, `hub-refused`, `link-expired`, `cannot-open`. */
export const fetchFrom = async (engine: Engine, link: Link, url: string): Promise<Fetched> => {
  const { crypto } = engine.platform
  const reader = createLogReader(engine, url)
  try {
    const { policy, read } = linkToLog(crypto, link)
    const invites = await reader.read({ policy, rights: [{ right: 'read', seed: read?.seed as Uint8Array }] })
    const opened = invites.entries.flatMap((bytes) => ifUsable(() => openInviteEntry(crypto, link.secret, bytes)) ?? [])
    const payloads = newestFirst(opened.filter((payload) => ifUsable(() => toWay(engine, payload)) !== undefined))
    if (payloads.length === 0)
      throw new KithError(
        'link-expired',
        'The hub knows nothing of this link: it has ended, or its maker has not been online since. Ask for a fresh one.',
      )
    return { ...(await fetchNewest(engine, reader, link, payloads)), url }
  } finally {
    reader.close()
  }
}

/** One an epoch, the latest put first: whoever starts an epoch puts one, and anybody who may write to the invite's log could put junk. */
const newestFirst = (payloads: readonly InvitePayload[]): InvitePayload[] => {
  const known = new Set<string>()
  return payloads.toReversed().filter(({ epoch, secret }) => {
    const name = toHex(epoch) + toHex(secret)
    const isKnown = known.has(name)
    known.add(name)
    return !isKnown
  })
}

/** Reads a space's membership, from the newest of these epochs back to its beginning. @throws KithError `hub-unreachable`, `hub-refused`, `cannot-open`. */
export const fetchNewest = async (
  engine: Engine,
  reader: LogReader,
  link: Pick<Link, 'space'>,
  payloads: readonly InvitePayload[],
): Promise<Omit<Fetched, 'url'>> => {
  let problem: KithError = withoutBeginning()
  for (const payload of payloads.slice(0, invitesMax)) {
    const walk = createWalk(engine, reader, link.space)
    try {
      let invite = payload
      await walk.from(toWay(engine, invite))
      // By the membership that was read another may be the newest: then its log is read too, which may tell of yet another.
      for (let round = 0; round < invitesMax; round += 1) {
        const newest = walk.newestOf(payloads)
        if (!newest || newest === invite) break
        invite = newest
        await walk.from(toWay(engine, invite))
      }
      if (walk.hasBeginning()) return { invite, logs: walk.logs() }
    } catch (cause) {
      // What one payload leads to may be junk; a hub that is gone is none for the others either.
      if (!(cause instanceof KithError) || cause.code === 'hub-unreachable' || cause.code === 'too-large') throw cause
      problem = cause
    }
  }
  throw problem
}

const toWay = ({ platform }: Engine, { epoch, level, secret, policy }: InvitePayload): Way => ({
  epoch,
  keys: secretToKeys(platform.crypto, level, secret, policy),
})

/** Reads logs backwards along the links of epoch records until the space's beginning, and all that what was read rests on, is here. */
const createWalk = (engine: Engine, reader: LogReader, space: Uint8Array) => {
  const { crypto, compression } = engine.platform
  const logs: FetchedLog[] = []
  const read = new Set<string>()
  const changes = new Map<string, Change>()
  const needed = new Set<string>()

  /** Once: of a thousand members it is a good part of what joining costs. What cannot be decoded is refused by who takes it in. */
  const decode = (segment: UnpackedSegment): UnpackedSegment => {
    const decoded = ifUsable(() => decodeSegmentUnchecked(crypto, segment.bytes))
    return decoded ? { ...segment, decoded } : segment
  }

  const take = (segments: readonly UnpackedSegment[]): void => {
    for (const { decoded } of segments) {
      for (const change of decoded?.changes ?? []) {
        changes.set(toHex(change.hash), change)
        const { prev, deps, grant, admission } = change.header
        for (const hash of [prev, grant, admission, ...deps.membership]) if (hash.length > 0) needed.add(toHex(hash))
      }
    }
  }

  const readLog = async ({ epoch, keys }: Way): Promise<void> => {
    const { policy, read: readKey } = keys.log
    if (!readKey) return
    const { log, entries, cursor } = await reader.read({ policy, rights: [{ right: 'read', seed: readKey.seed }] })
    const key = { baseKey: keys.membership, associated: epoch }
    const sealedBoxes: Uint8Array[] = []
    const segments = entries.flatMap((bytes) => {
      // Entries that cannot be opened are passed over: whoever may write to a log, or keeps it, could put such there to lock others out.
      const opened = ifUsable(() => openEntry(crypto, bytes, [key]))
      if (opened?.kind === entryKinds.boxes) sealedBoxes.push(opened.payload)
      if (opened?.kind !== entryKinds.segments) return []
      return ifUsable(() => unpackSegments(compression, opened.payload, bytes.length))?.map(decode) ?? []
    })
    logs.unshift({ log, segments, sealedBoxes, cursor })
    take(segments)
  }

  /** The space's genesis and all that it rests on: without its creator's person nobody can judge it, and a hub may have lost that alone. */
  const hasBeginning = (): boolean => {
    const waiting = [space]
    const known = new Set<string>()
    for (let hash = waiting.pop(); hash; hash = waiting.pop()) {
      const name = toHex(hash)
      if (known.has(name)) continue
      known.add(name)
      const change = changes.get(name)
      if (!change) return false
      const { deps, grant, admission } = change.header
      for (const one of [grant, admission, ...deps.membership]) if (one.length > 0) waiting.push(one)
    }
    return true
  }
  const isWhole = (): boolean => hasBeginning() && [...needed].every((hash) => changes.has(hash))

  const linksOf = ({ epoch, keys }: Way): Way[] => {
    const record = changes.get(toHex(epoch))
    if (record?.header.kind !== kinds.epoch || !record.body) return []
    const { body } = record
    const links = ifUsable(() => decodeEpoch(body))?.links ?? []
    return openLinks(crypto, space, keys, links).map((linked) => ({ epoch: linked.hash, keys: linked.keys }))
  }

  return {
    from: async (start: Way): Promise<void> => {
      const queue: Way[] = [start]
      for (let way = queue.shift(); way && read.size < logsMax; way = queue.shift()) {
        const name = `${toHex(way.epoch)}${toHex(way.keys.membership)}`
        if (read.has(name)) continue
        read.add(name)
        await readLog(way)
        if (isWhole()) return
        queue.push(...linksOf(way))
      }
    },
    hasBeginning,
    /** The one in use by what was read; else one that no other has superseded. */
    newestOf: (payloads: readonly InvitePayload[]): InvitePayload | undefined => {
      if (payloads.length === 1) return payloads[0]
      const membership = createMembership({ crypto, space })
      for (const { segments } of logs) {
        for (const { bytes } of segments) {
          const segment = ifUsable(() => decodeSegment(crypto, bytes))
          if (segment?.chain === 'membership') membership.add(segment.changes)
        }
      }
      const records = membership.epochs()
      const inUse = membership.epochInUse()
      const isSuperseded = (epoch: Uint8Array): boolean =>
        records.some(({ supersedes }) => supersedes.some((older) => equalBytes(older, epoch)))
      // Of an epoch that is known, only what its record commits to.
      const known = payloads.filter(({ epoch, level, secret }) => {
        const record = records.find(({ hash }) => equalBytes(hash, epoch))
        return record && ifUsable(() => checkSecret(crypto, record.commitments, level, secret)) !== undefined
      })
      return (
        known.find(({ epoch }) => inUse && equalBytes(epoch, inUse.hash)) ??
        known.find(({ epoch }) => !isSuperseded(epoch)) ??
        known[0]
      )
    },
    logs: () => logs,
  }
}

export const withoutBeginning = (): KithError =>
  new KithError(
    'cannot-open',
    'The hub does not have the beginning of the space. Ask a member to open the app, then try again.',
  )
