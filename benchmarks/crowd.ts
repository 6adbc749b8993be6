import { KithError } from '@kith/core/bytes'
import {
  type Change,
  decodeSegmentUnchecked,
  encodeSegment,
  entryKinds,
  kinds,
  openEntry,
  packSegments,
  type Segment,
  sealEntry,
  unpackSegments,
} from '@kith/core/change'
import {
  createJoinChanges,
  createPerson,
  linkToLog,
  openInviteEntry,
  parseLink,
  secretToKeys,
  secretToSecrets,
} from '@kith/core/keys'
import { createMembership } from '@kith/core/membership'
import { connectHub, type OpenWish } from '@kith/core/sync'

import { createNodePlatform } from '@kith/node'

const joinsInEntry = 50

/** As a device brings its person's changes into a space: what concerns its devices alone is named by its hash. */
const withoutPrivate = (segment: Segment): Segment => ({
  ...segment,
  changes: segment.changes.map((change) =>
    change.header.kind === kinds.epoch ? { ...change, body: undefined } : change,
  ),
})

/** Lets so many people join by a link, each with keys and changes of their own, but without a device each: a thousand would take minutes. */
export const letJoin = async (url: string, text: string, count: number): Promise<void> => {
  const { crypto, compression, clock, network } = await createNodePlatform(':memory:')
  const came: Uint8Array[] = []
  let done = Promise.withResolvers<void>()
  const connection = connectHub({
    url,
    network,
    clock,
    crypto,
    events: {
      opened: () => {},
      signal: () => {},
      closed: (cause) => done.reject(cause),
      entries: ({ entries, caughtUp }) => {
        for (const { bytes } of entries) came.push(bytes.slice())
        if (caughtUp) done.resolve()
      },
    },
  })
  const read = async (wish: OpenWish): Promise<{ log: Uint8Array; entries: Uint8Array[] }> => {
    const [log] = await connection.open([wish])
    if (!log || log instanceof KithError) throw log ?? new Error('not opened')
    came.length = 0
    done = Promise.withResolvers<void>()
    await connection.pull([{ log: log.log, lane: 0 }])
    await done.promise
    return { log: log.log, entries: [...came] }
  }

  const link = parseLink(crypto, text)
  const { policy, read: readKey } = linkToLog(crypto, link)
  const found = await read({ policy, rights: [{ right: 'read', seed: readKey?.seed as Uint8Array }] })
  const invite = openInviteEntry(crypto, link.secret, found.entries.at(-1) as Uint8Array)
  const keys = secretToKeys(crypto, invite.level, invite.secret, invite.policy)
  const key = { baseKey: keys.membership, associated: invite.epoch }
  const { log, entries } = await read({
    policy: invite.policy,
    rights: [
      { right: 'read', seed: keys.log.read?.seed as Uint8Array },
      { right: 'write', seed: keys.log.write?.seed as Uint8Array },
    ],
  })
  const changes: Change[] = entries.flatMap((bytes) => {
    const opened = openEntry(crypto, bytes, [key])
    if (opened.kind !== entryKinds.segments) return []
    return unpackSegments(compression, opened.payload, bytes.length).flatMap(
      (segment) => decodeSegmentUnchecked(crypto, segment.bytes).changes,
    )
  })
  const membership = createMembership({ crypto, space: link.space })
  membership.add(changes)
  const epoch = { hash: invite.epoch, secrets: secretToSecrets(crypto, invite.level, invite.secret) }
  let segments: Segment[] = []
  const put = async (): Promise<void> => {
    const payload = packSegments(segments.map((segment) => compression.deflate(encodeSegment(segment))))
    segments = []
    await connection.put(log, 0, [sealEntry(crypto, key, entryKinds.segments, payload).bytes])
  }
  for (let at = 0; at < count; at += 1) {
    const nowMs = Date.now()
    const person = createPerson(crypto, { last: { ms: 0, counter: 0 }, nowMs })
    membership.add(person.changes)
    const join = createJoinChanges(crypto, {
      person: person.secrets,
      membership,
      space: link.space,
      secret: link.secret,
      epoch,
      last: person.end.time,
      nowMs,
    })
    membership.add(join.changes)
    segments.push(withoutPrivate(person.segment), join.segment)
    if (segments.length >= 2 * joinsInEntry) await put()
  }
  if (segments.length > 0) await put()
  connection.close()
}
