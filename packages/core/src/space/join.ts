import { equalBytes, KithError } from '../bytes/index.ts'
import { entryKinds, openEntry, type UnpackedSegment, unpackSegments } from '../change/index.ts'
import {
  appToHash,
  createJoinChanges,
  decodeInvitePayload,
  type InvitePayload,
  type Link,
  linkToLog,
  parseLink,
  secretToInvite,
  secretToKeys,
} from '../keys/index.ts'
import type { App } from '../schema/index.ts'
import { connectHub, type HubConnection, type HubEntries, type OpenWish } from '../sync/index.ts'
import type { Engine } from './engine.ts'
import type { Replica } from './replica.ts'

/** What a link gave: enough to read the space and to write the join. */
export type Fetched = {
  readonly invite: InvitePayload
  readonly url: string
  readonly segments: readonly UnpackedSegment[]
}

/** How long one hub may take for all that a joiner needs before the next is asked. */
const fetchMs = 15_000

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
 * @throws KithError the last hub's: `hub-unreachable`, `hub-refused`, `link-expired`.
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
  const reader = connectToRead(engine, url)
  try {
    const log = linkToLog(crypto, link)
    const invites = await reader.read({
      policy: log.policy,
      rights: [{ right: 'read', seed: log.read?.seed as Uint8Array }],
    })
    const entryKey = { baseKey: secretToInvite(crypto, link.secret).entry, associated: new Uint8Array(0) }
    const opened = invites
      .map((bytes) => openEntry(crypto, bytes, [entryKey]))
      .filter(({ kind }) => kind === entryKinds.invite)
    const last = opened.at(-1)
    if (!last)
      throw new KithError(
        'link-expired',
        'The hub knows nothing of this link: it has ended, or its maker has not been online since. Ask for a fresh one.',
      )
    const invite = decodeInvitePayload(last.payload)
    const keys = secretToKeys(crypto, invite.level, invite.secret, invite.policy)
    const entries = await reader.read({
      policy: invite.policy,
      rights: [{ right: 'read', seed: keys.log.read?.seed as Uint8Array }],
    })
    const key = { baseKey: keys.membership, associated: invite.epoch }
    const segments = entries.flatMap((bytes) => {
      const { kind, payload } = openEntry(crypto, bytes, [key])
      return kind === entryKinds.segments ? unpackSegments(compression, payload, bytes.length) : []
    })
    return { invite, url, segments }
  } finally {
    reader.close()
  }
}

/** A connection that reads the membership lane of logs, once each. */
const connectToRead = (
  engine: Engine,
  url: string,
): { read: (wish: OpenWish) => Promise<Uint8Array[]>; close: () => void } => {
  const { network, clock, crypto } = engine.platform
  let collected: Uint8Array[] = []
  let finish: (() => void) | undefined
  let fail: ((cause: KithError) => void) | undefined
  let ended: KithError | undefined
  const end = (cause: KithError): void => {
    ended = cause
    fail?.(cause)
  }
  const connection: HubConnection = connectHub({
    url,
    network,
    clock,
    crypto,
    events: {
      opened: () => {},
      entries: ({ entries, caughtUp }: HubEntries) => {
        for (const { bytes } of entries) collected.push(bytes.slice())
        if (caughtUp) finish?.()
      },
      signal: () => {},
      closed: end,
    },
  })
  const cancel = clock.after(fetchMs, () =>
    end(new KithError('hub-unreachable', 'The hub took too long to answer. Try again later.', { fetchMs })),
  )
  return {
    read: async (wish) => {
      if (ended) throw ended
      collected = []
      const done = new Promise<void>((resolve, reject) => {
        finish = resolve
        fail = reject
      })
      done.catch(() => {})
      const [log] = await connection.open([wish])
      if (!log || log instanceof KithError) throw log ?? new KithError('hub-refused', 'The hub did not open the log.')
      const [accepted] = await connection.pull([{ log: log.log, lane: 0 }])
      if (accepted instanceof KithError) throw accepted
      await done
      return collected
    },
    close: () => {
      cancel()
      connection.close()
    },
  }
}

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
  if (membership.app() === undefined)
    throw (
      refused[0] ??
      new KithError(
        'cannot-open',
        'The hub does not have the beginning of the space. Ask a member to open the app, then try again.',
      )
    )
  if (membership.app() !== app.id)
    throw new KithError('wrong-app', `The space belongs to ${membership.app()}. Open the link in that app.`)
  const { invite } = fetched
  replica.addEpochSecret(invite.epoch, invite.level, invite.secret)
  const epoch = replica.epochs().find(({ hash }) => equalBytes(hash, invite.epoch))
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
