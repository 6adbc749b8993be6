import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeCbor } from '../bytes/index.ts'
import { type Change, createChange, kinds, noBytes, sortHeads } from '../change/index.ts'
import { createEpoch, createPerson } from '../keys/index.ts'
import { encodeEpoch, encodeGrant } from '../membership/index.ts'
import { personToIdentity } from './identity.ts'
import { world } from './trial-converge.fixture.ts'
import { createTrialPeer, type TrialDatabase, type TrialPeer } from './trial-peer.fixture.ts'
import { createTrialCrypto, signRun, type TrialMember, trialNowMs } from './trial-world.fixture.ts'
import { createUpkeep } from './upkeep.ts'

const crypto = createTrialCrypto(77)
const [owner] = world.members as [TrialMember]

/** Changes by the owner's device, each resting on `deps`, on a branch of its chain. */
const byOwner = (bodies: readonly { kind: number; body: Uint8Array }[], deps: readonly Uint8Array[]): Change[] => {
  const made: Change[] = []
  for (const [at, { kind, body }] of bodies.entries()) {
    const header = {
      kind,
      space: world.space,
      device: owner.secrets.device.signing.publicKey,
      seq: at,
      prev: made.at(-1)?.hash ?? noBytes,
      deps: { membership: deps, content: [] },
      grant: owner.grant,
      admission: owner.secrets.admission,
      epoch: noBytes,
      schema: noBytes,
      time: { ms: trialNowMs, counter: at },
    }
    made.push(createChange(crypto, header, body))
  }
  return made
}

/** A peer whose person the owner lets in, and what tells how often its disk was made to commit. */
const letIn = async (): Promise<{ peer: TrialPeer; granted: Change; commits: () => number }> => {
  const dora = createPerson(crypto, { last: { ms: 0, counter: 0 }, nowMs: trialNowMs })
  let commits = 0
  const counting: TrialDatabase = (database) => ({
    ...database,
    prepare: (sql) => {
      const statement = database.prepare(sql)
      if (sql !== 'COMMIT') return statement
      return {
        ...statement,
        run: () => {
          commits += 1
          statement.run()
        },
      }
    },
  })
  const peer = await createTrialPeer(world, 3, counting, undefined, personToIdentity(crypto, dora))
  peer.receive(world.segments)
  const { person, tagKeys } = dora.secrets
  const tag = tagKeys[0]?.tag as Uint8Array
  const salt = crypto.randomBytes(16)
  const body = encodeGrant({ type: 'person', salt, person, tag, rank: 'writer', role: 'writer' })
  const heads = sortHeads([...(world.views[0]?.heads ?? []), ...dora.heads])
  const [granted] = byOwner([{ kind: kinds.grant, body }], heads)
  assert.ok(granted)
  peer.receive([signRun(world, 0, [granted])])
  peer.commit()
  assert.equal(peer.replica().me()?.rank, 'writer')
  return { peer, granted, commits: () => commits }
}

test('epochs by the hundred whose boxes do not open are called broken in one transaction', async () => {
  const { peer, granted, commits } = await letIn()
  const upkeep = createUpkeep({
    engine: peer.engine(),
    replicaOf: () => peer.replica(),
    isConnected: () => false,
    pull: async () => {},
    wake: () => {},
  })
  try {
    // The same junk for each: one for each recipient that has a key.
    const recipients = peer.replica().membership.recipients('admin')
    const junk = recipients.filter(({ sealing }) => sealing).map(() => new Uint8Array(48))
    const boxes = encodeCbor([crypto.x25519PublicKey(crypto.randomBytes(32)), junk])
    const epochs = Array.from({ length: 100 }, () => {
      const { body } = createEpoch(crypto, world.space, 'admin', recipients)
      return { kind: kinds.epoch, body: encodeEpoch({ ...body, boxesHash: crypto.sha256(boxes) }) }
    })
    peer.receive([signRun(world, 0, byOwner(epochs, [granted.hash]))])
    peer.replica().boxesCame(boxes)
    peer.commit()
    assert.equal(peer.replica().brokenEpochs().length, 100)
    const before = commits()
    for (let turns = 0; turns < 5; turns += 1) peer.turn()
    assert.equal(peer.replica().brokenEpochs().length, 0)
    assert.ok(
      peer
        .replica()
        .membership.epochs()
        .filter(({ isBroken }) => isBroken).length >= 100,
    )
    assert.ok(commits() - before < 10, `${commits() - before} commits`)
  } finally {
    upkeep.close()
    peer.close()
  }
})

test('membership and keys that are here already are no news', async () => {
  const { peer, granted } = await letIn()
  try {
    for (let turns = 0; turns < 5; turns += 1) peer.turn()
    let told = 0
    peer.engine().onMembership(() => {
      told += 1
    })
    const secret = crypto.randomBytes(32)
    peer.replica().addEpochSecret(world.epoch, 'write', secret)
    peer.turn()
    assert.equal(told, 1)
    const epochs = peer.replica().epochs()
    peer.receive([...world.segments, signRun(world, 0, [granted])])
    peer.replica().addEpochSecret(world.epoch, 'write', secret)
    peer.turn()
    assert.equal(told, 1)
    assert.equal(peer.replica().epochs(), epochs)
  } finally {
    peer.close()
  }
})
