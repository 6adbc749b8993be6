import { equalBytes, KithError } from '../bytes/index.ts'
import {
  appToHash,
  checkSecret,
  createJoinChanges,
  isPublicLink,
  type Link,
  parseLink,
  type TagSecret,
} from '../keys/index.ts'
import type { Membership } from '../membership/index.ts'
import type { App } from '../schema/index.ts'
import { noteBoxed } from './boxes-out.ts'
import type { Engine } from './engine.ts'
import { saveCursor } from './cursors.ts'
import { type Fetched, fetchFrom, withoutBeginning } from './fetch-space.ts'
import { isHeld, type Replica } from './replica.ts'

export type { Fetched } from './fetch-space.ts'

/** @throws KithError `bad-link`, `wrong-app`, `link-expired`, `protocol-version`. */
export const readLink = (engine: Engine, app: App, text: string): Link => {
  const { crypto } = engine.platform
  if (isPublicLink(text))
    throw new KithError(
      'bad-link',
      'This link is for reading a public space: openPublic(app, link). To join takes a link of an admin.',
    )
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
export const fetchInvited = (engine: Engine, link: Link): Promise<Fetched> =>
  fetchFromAny(engine, link.hubs, (url) => fetchFrom(engine, link, url))

/** From the first hub that gives it, of a link's and then of our own. @throws KithError the last hub's. */
export const fetchFromAny = async <Found>(
  engine: Engine,
  hubs: Link['hubs'],
  fetch: (url: string) => Promise<Found>,
): Promise<Found> => {
  const urls = [...new Set([...hubs.map(({ url }) => url), ...engine.hubs().map(({ url }) => url)])]
  let problem = new KithError('hub-unreachable', 'The link names no hub, and none is set here. Add a hub.')
  for (const url of urls) {
    try {
      return await fetch(url)
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      problem = cause
    }
  }
  throw problem
}

/**
 * Takes in all that lay on lane 0 of the logs that were read, boxes too: it need not be read again, and in a space of thousands it is a good
 * part of all that a joiner loads. Returns what was refused. Within the open transaction.
 */
export const takeLogs = (
  engine: Engine,
  logs: Fetched['logs'],
  replica: Replica,
  hub: number,
): readonly KithError[] => {
  const { statements, platform } = engine
  const refused = logs.flatMap(({ log, segments, cursor }) => {
    const taken = replica.receive(segments, { hub, log }, 'membership')
    if (cursor) saveCursor(statements, hub, log, 0, cursor)
    return taken.refused
  })
  // Once all records are here that name them.
  for (const { log, sealedBoxes } of logs) {
    for (const boxes of sealedBoxes) {
      try {
        replica.boxesCame(boxes)
        noteBoxed(statements, { hub, log }, platform.crypto.sha256(boxes))
      } catch (cause) {
        if (!(cause instanceof KithError) || cause.code !== 'too-large') throw cause
        refused.push(cause)
      }
    }
  }
  return refused
}

/**
 * Takes in what was fetched of a space's membership. Within the open transaction; the caller abandons it when this throws.
 *
 * @throws KithError `wrong-app`, `cannot-open`, `bad-signature`.
 */
export const takeMembership = (
  engine: Engine,
  app: App,
  fetched: Fetched,
  replica: Replica,
  hub: number,
): Membership => {
  const refused = takeLogs(engine, fetched.logs, replica, hub)
  const { membership } = replica
  if (membership.app() === undefined) throw refused[0] ?? withoutBeginning()
  if (membership.app() !== app.id)
    throw new KithError('wrong-app', `The space belongs to ${membership.app()}. Open the link in that app.`)
  return membership
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
  tag: TagSecret,
): void => {
  const { crypto } = engine.platform
  const membership = takeMembership(engine, app, fetched, replica, hub)
  const { invite } = fetched
  const record = membership.epochs().find(({ hash }) => equalBytes(hash, invite.epoch))
  // Whoever made the link may have put in what the record never committed to: then the space would split.
  if (record) checkSecret(crypto, record.commitments, invite.level, invite.secret)
  replica.addEpochSecret(invite.epoch, invite.level, invite.secret)
  const epoch = replica
    .epochs()
    .filter(isHeld)
    .find(({ hash }) => equalBytes(hash, invite.epoch))
  if (!epoch)
    throw new KithError('cannot-open', 'The link opens keys that the space does not know. Ask for a fresh one.')
  const join = createJoinChanges(crypto, {
    person: engine.person,
    tag,
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
