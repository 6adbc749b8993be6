import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCompression } from '../../../node/src/platform/compression.ts'
import { encodeSegment, entryKinds, kinds, packSegments, type Segment, sealEntry } from '../change/index.ts'
import { secretsToKeys } from '../keys/index.ts'
import { decodeEpoch } from '../membership/index.ts'
import { policyToLogId } from '../wire/index.ts'
import { fetchNewest } from './fetch-space.ts'
import { createTrialPeer } from './trial-peer.fixture.ts'
import { world } from './trial-converge.fixture.ts'
import { createTrialCrypto, createTrialSpace } from './trial-world.fixture.ts'

const crypto = createTrialCrypto(78)
const compression = createNodeCompression()

test('a space has its beginning where its creator is too: a hub that lost that alone is passed over before anything is kept', async () => {
  const { alice, made } = createTrialSpace(crypto)
  const { hash: epoch, secrets } = made.epoch
  const record = made.changes.find(({ header }) => header.kind === kinds.epoch)?.body as Uint8Array
  const keys = secretsToKeys(crypto, secrets, decodeEpoch(record).policy)
  const seal = (segment: Segment): Uint8Array => {
    const bytes = encodeSegment(segment)
    const key = { baseKey: keys.membership, associated: epoch }
    return sealEntry(crypto, key, entryKinds.segments, packSegments([compression.deflate(bytes)]), bytes.length).bytes
  }
  const { policy } = keys.log
  const log = policyToLogId(policy, crypto)
  const reads = (segments: readonly Segment[]) => ({
    read: () => Promise.resolve({ log, entries: segments.map(seal), cursor: undefined, problem: undefined }),
    close: () => {},
  })
  const secret = secrets.admin as Uint8Array
  const ways = [{ epoch, level: 'admin' as const, secret, policy }]
  const peer = await createTrialPeer(world, 4)
  try {
    const fetch = (segments: readonly Segment[]) =>
      fetchNewest(peer.engine(), reads(segments), { space: made.space }, ways)
    await assert.rejects(fetch([made.segment]), { code: 'cannot-open' })
    assert.equal((await fetch([alice.segment, made.segment])).logs.length, 1)
  } finally {
    peer.close()
  }
})
