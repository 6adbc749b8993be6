import { equalBytes, KithError } from '../bytes/index.ts'
import {
  appToHash,
  type InvitePayload,
  keysToPolicy,
  parsePublicLink,
  type PublicLink,
  publicKeyOf,
  secretsToKeys,
} from '../keys/index.ts'
import type { App } from '../schema/index.ts'
import type { Engine } from './engine.ts'
import { type Fetched, fetchNewest } from './fetch-space.ts'
import { fetchFromAny, takeMembership } from './join.ts'
import { createLogReader } from './log-reader.ts'
import type { Replica } from './replica.ts'

/** @throws KithError `bad-link`, `wrong-app`, `protocol-version`. */
export const readPublicLink = (engine: Engine, app: App, text: string): PublicLink => {
  const { crypto } = engine.platform
  const link = parsePublicLink(crypto, text)
  if (!equalBytes(link.appHash, appToHash(crypto, app.id)))
    throw new KithError('wrong-app', `The link is for another app than ${app.id}. Open it there.`)
  return link
}

/** Whether the space can be read here as far as the link reaches. */
export const isReadable = (replica: Replica, { epoch }: PublicLink): boolean =>
  replica.epochs().some((known) => equalBytes(known.hash, epoch) && known.keys.content !== undefined)

/**
 * Fetches a public space's membership. Nothing is said about ourselves but that somebody reads.
 *
 * @throws KithError `hub-unreachable`, `hub-refused`, `cannot-open`.
 */
export const fetchPublic = (engine: Engine, link: PublicLink): Promise<Fetched> => {
  const payload = toPayload(engine, link)
  return fetchFromAny(engine, link.hubs, async (url) => {
    const reader = createLogReader(engine, url)
    try {
      return { ...(await fetchNewest(engine, reader, link, [payload])), url }
    } finally {
      reader.close()
    }
  })
}

const toPayload = (engine: Engine, { epoch, readSecret, logWriteKey, logAdminKey }: PublicLink): InvitePayload => {
  const { crypto } = engine.platform
  const upper = { write: logWriteKey, admin: logAdminKey }
  const secrets = { admin: undefined, write: undefined, read: readSecret }
  const { log } = secretsToKeys(crypto, secrets, { ...upper, read: logWriteKey })
  // The read key follows from the secret: the link need not name it.
  const read = log.read ? publicKeyOf(crypto, log.read) : logWriteKey
  return { epoch, level: 'read', secret: readSecret, policy: keysToPolicy({ ...upper, read }) }
}

/**
 * Takes the space's membership in, which opens what it publishes. Within the open transaction; the caller abandons it when this throws.
 *
 * @throws KithError `wrong-app`, `cannot-open`, `bad-signature`.
 */
export const enterPublic = (
  engine: Engine,
  app: App,
  link: PublicLink,
  fetched: Fetched,
  replica: Replica,
  hub: number,
): void => {
  const membership = takeMembership(engine, app, fetched, replica, hub)
  const record = membership.epochs().find(({ hash }) => equalBytes(hash, link.epoch))
  // A member can give away any secret; but only what an admin has published is there for everybody.
  if (!record?.publicSecret || !equalBytes(record.publicSecret, link.readSecret))
    throw new KithError('cannot-open', 'The space does not publish what the link names. Ask an admin for a fresh one.')
}
