import { equalBytes, KithError, labelled } from '../../bytes/index.ts'
import { openBox, sealBoxes } from '../../crypto/seal/index.ts'
import { type Notice, secretOfLevel } from '../../keys/index.ts'
import type { Engine } from '../engine.ts'
import { isHeld } from '../epochs.ts'
import type { Replica } from '../replica.ts'
import { takeToldEpoch } from '../told-epoch.ts'
import type { Post } from './post.ts'
import type { ContactRow, ContactStore } from './store.ts'

/**
 * Rule 17: whoever starts an epoch tells each member for whom a mailbox is known, so that it finds the new log though the old ones are
 * gone or it has not been there for long. Within the transaction that makes the epoch. The box is sealed to the member's key for the space's
 * app: a device that reads contacts, but does not serve that app, learns nothing from it.
 */
export const sendNotices = (
  engine: Engine,
  store: ContactStore,
  post: Post,
  replica: Replica,
  epoch: Uint8Array,
): void => {
  const { crypto } = engine.platform
  const space = replica.entry.id
  const record = replica.membership.epochs().find(({ hash }) => equalBytes(hash, epoch))
  const held = replica
    .epochs()
    .filter(isHeld)
    .find(({ hash }) => equalBytes(hash, epoch))
  for (const { id, level, sealing } of record && held ? record.recipients : []) {
    const contact = equalBytes(id, engine.person.person) ? undefined : store.findPerson(id)
    const secret = held && secretOfLevel(held.secrets, level)
    if (!held || !contact?.terms || contact.isBlocked || sealing === undefined || secret === undefined) continue
    const { ephemeral, boxes } = sealBoxes(crypto, contextOf(space, epoch), [{ publicKey: sealing, secret }])
    const [box] = boxes
    try {
      if (box) post.sendNotice(contact, { space, epoch, level, policy: held.keys.log.policy, ephemeral, box })
    } catch (cause) {
      // Somebody whose hubs cannot be used finds the epoch by the old log.
      if (!(cause instanceof KithError) || cause.code.startsWith('storage-')) throw cause
    }
  }
}

/**
 * Takes in what a member says of a new epoch. Its record is not here: until it is, the log is followed and nothing else.
 *
 * @throws KithError `not-allowed` (of somebody who is no member), `cannot-open`, `bad-key`, `too-large`.
 */
export const takeNotice = (
  engine: Engine,
  replicaOf: (n: number) => Replica,
  notice: Notice,
  from: ContactRow,
): void => {
  const entry = engine.store().registry.space(notice.space)
  // Of a space that we never were in, or that another device of ours is in.
  if (!entry || entry.kind !== 'space') return
  const replica = replicaOf(entry.n)
  if (!replica.membership.member(from.person))
    throw new KithError('not-allowed', 'Somebody who is no member tells of new keys of a space. It was refused.')
  takeToldEpoch(engine, replica, { ...notice, secret: openAny(engine, notice) })
}

/** The box is for one of our keys: which app the space belongs to is not said. */
const openAny = (engine: Engine, { space, epoch, ephemeral, box }: Notice): Uint8Array => {
  let problem = new KithError('cannot-open', 'A notice of new keys is for no key that is here.')
  for (const { sealing } of engine.person.tagKeys) {
    try {
      const context = contextOf(space, epoch)
      return openBox(engine.platform.crypto, context, { ephemeral, box, index: 0 }, sealing.secretKey)
    } catch (cause) {
      if (!(cause instanceof KithError)) throw cause
      problem = cause
    }
  }
  throw problem
}

const contextOf = (space: Uint8Array, epoch: Uint8Array): Uint8Array => labelled('kith/1 epoch notice', space, epoch)
