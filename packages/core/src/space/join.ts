import { equalBytes, KithError } from '../bytes/index.ts'
import {
  decodeSegmentUnchecked,
  type EntryKey,
  entryKinds,
  openEntry,
  type UnpackedSegment,
  unpackSegments,
} from '../change/index.ts'
import {
  appToHash,
  checkSecret,
  createJoinChanges,
  type InvitePayload,
  type Link,
  linkToLog,
  openInviteEntry,
  parseLink,
  secretToKeys,
} from '../keys/index.ts'
import type { Hashing } from '../ports/index.ts'
import type { App } from '../schema/index.ts'
import type { Engine } from './engine.ts'
import { createLogReader } from './log-reader.ts'
import { isHeld, type Replica } from './replica.ts'

/** What a link gave: enough to read the space and to write the join. */
export type Fetched = {
  readonly invite: InvitePayload
  readonly url: string
  readonly segments: readonly UnpackedSegment[]
}

/** @throws KithError `bad-link`, `wrong-app`, `link-expired`, `protocol-version`. */
export const readLink = (engine: Engine, app: App, text: string): Link => {
  const { crypto } = engine.platform
  const link = parseLink(crypto, text)
  if (!equalBytes(link.appHash, appToHash(crypto, app.id))) {
    throw new KithError('wrong-app', `The link is for another app than ${app.id}. Open it there.`)
  }
  if (link.expires !== null && engine.clock.nowMs() > link.expires)
    throw new KithError('link-expired', 'The invite has expired. Ask for a fresh link.')
  return link
}

/**
 * Fetches the invite and the space's membership from the first of the link's hubs that has them. Nobody else need be online.
 *
 * @throws KithError the last hub's: `hub-unreachable`, `hub-refused`, `link-expired`, `cannot-open`.
 */
export const fetchInvited = async (engine: Engine, link: Link): Promise<Fetched> => {
  const urls = [...new Set([...link.hubs.map(({ url }) => url), ...engine.hubs().map(({ url }) => url)])]
  let problem = new KithError('hub-unreachable', 'The link names no hub, and none is set here. Add a hub.')
  for (const url of urls) {
    try {
      return await fetchFrom(engine, link, url)
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      problem = cause
    }
  }
  throw problem
}

const fetchFrom = async (engine: Engine, link: Link, url: string): Promise<Fetched> => {
  const { crypto, compression } = engine.platform
  const reader = createLogReader(engine, url)
  /** Entries that cannot be opened are passed over: whoever may write to a log, or keeps it, could put such there to lock others out. */
  const openAll = (entries: readonly Uint8Array[], key: EntryKey, kind: number) =>
    entries.flatMap((bytes) => {
      const opened = ifUsable(() => openEntry(crypto, bytes, [key]))
      return opened?.kind === kind ? [{ payload: opened.payload, entryBytes: bytes.length }] : []
    })
  try {
    const log = linkToLog(crypto, link)
    const invites = await reader.read({
      policy: log.policy,
      rights: [{ right: 'read', seed: log.read?.seed as Uint8Array }],
    })
    const invite = invites.flatMap((bytes) => ifUsable(() => openInviteEntry(crypto, link.secret, bytes)) ?? []).at(-1)
    if (!invite)
      throw new KithError(
        'link-expired',
        'The hub knows nothing of this link: it has ended, or its maker has not been online since. Ask for a fresh one.',
      )
    const keys = secretToKeys(crypto, invite.level, invite.secret, invite.policy)
    const entries = await reader.read({
      policy: invite.policy,
      rights: [{ right: 'read', seed: keys.log.read?.seed as Uint8Array }],
    })
    const key = { baseKey: keys.membership, associated: invite.epoch }
    const segments = openAll(entries, key, entryKinds.segments).flatMap(
      ({ payload, entryBytes }) => ifUsable(() => unpackSegments(compression, payload, entryBytes)) ?? [],
    )
    if (!segments.some(({ bytes }) => beginsSpace(crypto, bytes, link.space))) throw withoutBeginning()
    return { invite, url, segments }
  } finally {
    reader.close()
  }
}

/** Undefined where what came from outside is not usable. */
const ifUsable = <Result>(read: () => Result): Result | undefined => {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof KithError) return undefined
    throw cause
  }
}

/** Whether a segment holds the genesis of the space: a hub that keeps that back is passed over. */
const beginsSpace = (crypto: Hashing, bytes: Uint8Array, space: Uint8Array): boolean => {
  const first = ifUsable(() => decodeSegmentUnchecked(crypto, bytes))?.changes[0]
  return first !== undefined && equalBytes(first.hash, space)
}

const withoutBeginning = (): KithError =>
  new KithError(
    'cannot-open',
    'The hub does not have the beginning of the space. Ask a member to open the app, then try again.',
  )

/**
 * Makes this person a member: takes the space's membership in and writes the join. Within the open transaction; the caller
 * abandons it when this throws.
 *
 * @throws KithError `wrong-app`, `link-expired`, `not-found`, `cannot-open`, `bad-signature`.
 */
export const enterSpace = (
  engine: Engine,
  app: App,
  link: Link,
  fetched: Fetched,
  replica: Replica,
  hub: number,
): void => {
  const { crypto } = engine.platform
  const { refused } = replica.receive(fetched.segments, hub, 'membership')
  const { membership } = replica
  if (membership.app() === undefined) throw refused[0] ?? withoutBeginning()
  if (membership.app() !== app.id)
    throw new KithError('wrong-app', `The space belongs to ${membership.app()}. Open the link in that app.`)
  const { invite } = fetched
  const record = membership.epochs().find(({ hash }) => equalBytes(hash, invite.epoch))
  // Whoever made the link may have put in what the record never committed to: then the space would split.
  if (record) checkSecret(crypto, record.commitments, invite.level, invite.secret)
  replica.addEpochSecret(invite.epoch, invite.level, invite.secret)
  const epoch = replica.epochs().filter(isHeld).find(({ hash }) => equalBytes(hash, invite.epoch))
  if (!epoch)
    throw new KithError('cannot-open', 'The link opens keys that the space does not know. Ask for a fresh one.')
  const join = createJoinChanges(crypto, {
    person: engine.person,
    membership,
    space: replica.entry.id,
    secret: link.secret,
    epoch,
    last: engine.clock.last(),
    nowMs: engine.clock.nowMs(),
  })
  engine.clock.advance(join.end.time)
  replica.keepOwn(join.segment)
}
