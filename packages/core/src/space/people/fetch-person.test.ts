import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeCompression } from '../../../../node/src/platform/compression.ts'
import { encodeSegment, entryKinds, packSegments, type Segment, sealEntry } from '../../change/index.ts'
import { secretsToKeys, secretsToPolicy } from '../../keys/index.ts'
import { policyToLogId } from '../../wire/index.ts'
import type { LogReader } from '../log-reader.ts'
import { createTrialCrypto, createTrialSpace } from '../trial-world.fixture.ts'
import { fetchPerson } from './fetch-person.ts'

const crypto = createTrialCrypto(79)
const compression = createNodeCompression()

test('what somebody put of another space on a person’s own log is none of the person’s', async () => {
  const { alice, made } = createTrialSpace(crypto)
  const { person, epoch, device } = alice.secrets
  const { admin, write } = epoch.secrets
  assert.ok(admin && write)
  const keys = secretsToKeys(crypto, epoch.secrets, secretsToPolicy(crypto, { ...epoch.secrets, write }))
  const seal = (segment: Segment): Uint8Array => {
    const bytes = encodeSegment(segment)
    const key = { baseKey: keys.membership, associated: epoch.hash }
    return sealEntry(crypto, key, entryKinds.segments, packSegments([compression.deflate(bytes)]), bytes.length).bytes
  }
  const log = policyToLogId(keys.log.policy, crypto)
  const reader: LogReader = {
    read: () =>
      Promise.resolve({ log, entries: [made.segment, alice.segment].map(seal), cursor: undefined, problem: undefined }),
    close: () => {},
  }
  const fetched = await fetchPerson({
    platform: { crypto, compression },
    reader,
    person,
    epoch: { hash: epoch.hash, level: 'admin', secret: admin },
    recipient: { id: device.signing.publicKey, secretKey: device.sealing.secretKey },
  })
  assert.deepEqual(
    fetched.segments.map(({ changes }) => changes.map(({ hash }) => hash)),
    [alice.changes.map(({ hash }) => hash)],
  )
})
