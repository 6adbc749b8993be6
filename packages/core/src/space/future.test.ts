import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createChange, type Header, kinds, noBytes, type Segment, sortHeads } from '../change/index.ts'
import { createPerson } from '../keys/index.ts'
import { encodeRemoval } from '../membership/index.ts'
import { personToIdentity } from './identity.ts'
import { world } from './trial-converge.fixture.ts'
import { createTrialPeer } from './trial-peer.fixture.ts'
import { createTrialCrypto, signRun, type TrialMember, trialNowMs } from './trial-world.fixture.ts'

const yearMs = 365 * 24 * 3_600_000

test('a removal from a clock that is a year ahead counts at once, and moves nobody’s clock', async () => {
  const peer = await createTrialPeer(world, 1)
  try {
    peer.receive(world.segments)
    const [owner, bob] = [world.members[0] as TrialMember, world.members[1] as TrialMember]
    const { membership } = peer.replica()
    assert.ok(membership.member(bob.secrets.person))
    peer.receive([removalOf(owner, bob)])
    assert.equal(membership.member(bob.secrets.person), undefined)
    assert.ok(peer.engine().clock.last().ms < trialNowMs + yearMs)
    await peer.reopen()
    assert.equal(peer.replica().membership.member(bob.secrets.person), undefined)
    assert.ok(peer.engine().clock.last().ms < trialNowMs + yearMs)
  } finally {
    peer.close()
  }
})

test('a new device does not take over the clock of one that was years ahead', async () => {
  const crypto = createTrialCrypto(9)
  const ahead = createPerson(crypto, { last: { ms: 0, counter: 0 }, nowMs: trialNowMs + yearMs })
  const peer = await createTrialPeer(world, 2, undefined, undefined, personToIdentity(crypto, ahead))
  try {
    assert.ok(peer.engine().clock.next().ms < trialNowMs + 60_000)
  } finally {
    peer.close()
  }
})

function removalOf(owner: TrialMember, member: TrialMember): Segment {
  const header: Header = {
    kind: kinds.removal,
    space: world.space,
    device: owner.secrets.device.signing.publicKey,
    seq: 0,
    prev: noBytes,
    deps: { membership: world.views[0]?.heads ?? [], content: [] },
    grant: owner.grant,
    admission: owner.secrets.admission,
    epoch: noBytes,
    schema: noBytes,
    time: { ms: trialNowMs + yearMs, counter: 0 },
  }
  const body = encodeRemoval({
    salt: world.crypto.randomBytes(16),
    grants: [member.grant],
    cut: sortHeads([]),
    replacement: undefined,
  })
  return signRun(world, 0, [createChange(world.crypto, header, body)])
}
