import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNodeCrypto } from '../../../node/src/platform/crypto.ts'
import { checkProperty } from '../check-property.fixture.ts'
import { toHex } from '../bytes/index.ts'
import type { Change } from '../change/index.ts'
import { type Actor, type Cast, type CastInvite, createCast } from '../keys/cast.fixture.ts'
import { decodeRemoval, type Membership } from './index.ts'

const nodeCrypto = await createNodeCrypto()

/** Keys and salts of a story are the same in every run of its seed. */
function seededCrypto(seed: number): typeof nodeCrypto {
  let calls = 0
  return {
    ...nodeCrypto,
    randomBytes: (length) => {
      calls += 1
      const bytes = nodeCrypto.sha256(new TextEncoder().encode(`${seed}/${calls}`))
      return length <= 32 ? bytes.slice(0, length) : new Uint8Array(length).fill(bytes[0] as number)
    },
  }
}

type Step = { readonly what: number; readonly who: number; readonly whom: number; readonly how: number }

const steps = fc.array(fc.record({ what: fc.nat(99), who: fc.nat(7), whom: fc.nat(7), how: fc.nat(7) }), {
  minLength: 12,
  maxLength: 45,
})

/** People who know different things do what their own evaluators allow, and what no honest device would. */
function play(seed: number, story: readonly Step[]): Cast {
  const cast = createCast(seededCrypto(seed))
  const actors: Actor[] = [cast.alice]
  const invites: CastInvite[] = []
  for (const name of ['bob', 'carol', 'dave', 'eve']) actors.push(cast.person(name))
  const [bob, carol] = [actors[1] as Actor, actors[2] as Actor]
  cast.alice.grant(bob, 'admin')
  const dave = actors[3] as Actor
  cast.alice.grant(carol, 'writer')
  bob.learn(cast.alice)
  bob.grant(dave, 'writer')
  cast.alice.learn(bob)
  cast.alice.epoch()
  for (const actor of [bob, carol, dave]) actor.learn(cast.alice)
  const phone = cast.device(bob, "bob's phone")
  bob.admit(phone)
  const tablet = cast.device(carol, "carol's tablet")
  carol.admit(tablet)
  actors.push(phone, tablet, cast.recovery(bob))
  const revocations: { change: Change; device: Actor }[] = []
  const ranks = ['reader', 'writer', 'admin', 'owner'] as const
  for (const { what, who, whom, how } of story) {
    const actor = actors[who % actors.length] as Actor
    const other = actors[whom % actors.length] as Actor
    const isHostile = how === 7
    if (what < 25) actor.learn(other)
    else if (what < 45) actor.post()
    else if (what < 53) actor.grant(other, ranks[how % 4] as (typeof ranks)[number])
    else if (what < 61) actor.remove(other, isHostile ? { cut: [] } : {})
    else if (what < 64) actor.remove(other, { rank: ranks[how % 3] as (typeof ranks)[number] })
    else if (what < 66) actor.leave()
    else if (what < 70) invites.push(actor.invite({ uses: how === 0 ? 1 : null }))
    else if (what < 75 && invites.length > 0) {
      const invite = invites[how % invites.length] as CastInvite
      actor.learn([invite.change])
      actor.join(invite)
    } else if (what < 77 && invites.length > 0) actor.closeInvite(invites[how % invites.length] as CastInvite)
    else if (what < 84) actor.epoch()
    else if (what < 87) actor.schema(how, isHostile ? [] : undefined)
    else if (what < 89) actor.merge()
    else if (what < 91) actor.admit(other.id === actor.id ? other : phone)
    else if (what < 93) actor.renewKeys()
    else if (what < 98) {
      const own = actors.filter(({ id }) => id === actor.id)
      const device = own[whom % own.length] as Actor
      const change = actor.revoke(device, isHostile ? { cut: [] } : {})
      revocations.push({ change, device })
      if (how % 2 === 0) actor.cutDevice(change, how === 4 ? [] : actor.headsOf(device))
    } else if (revocations.length > 0) {
      const { change, device } = revocations[how % revocations.length] as (typeof revocations)[number]
      actor.cutDevice(change, isHostile ? [] : actor.headsOf(device))
    }
  }
  return cast
}

/** Everything that two replicas could disagree about. */
function snapshot(membership: Membership, { content, changes, alice }: Cast): unknown {
  return {
    members: membership.members(),
    heads: membership.heads(),
    epochs: membership.epochs(),
    inUse: membership.epochInUse()?.hash,
    missed: membership.epochs().map(({ hash }) => membership.missed(hash)),
    schemas: membership.newestSchemas(),
    recipients: membership.recipients('admin'),
    invites: membership.invites().sort((a, b) => (toHex(a.hash) < toHex(b.hash) ? -1 : 1)),
    verdicts: changes.map(({ hash }) => membership.verdictOf(hash)),
    owed: membership.cutsOwed(alice.id),
    judged: content.map(({ header, hash }) => membership.judgeAuthor(header, hash)),
  }
}

function toOrder(changes: readonly Change[], seed: number): Change[] {
  const key = (change: Change): string => toHex(nodeCrypto.sha256(new Uint8Array([...change.hash, seed & 255])))
  return [...changes]
    .map((change) => ({ change, key: key(change) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ change }) => change)
}

test('members, epochs and all verdicts are functions of the set of changes: any order, in pieces, with doubles', async (context) => {
  await checkProperty(
    context,
    60,
    fc.property(fc.nat(100_000), steps, fc.nat(255), (seed, story, order) => {
      const cast = play(seed, story)
      const expected = snapshot(cast.evaluate(cast.changes), cast)
      const shuffled = toOrder(cast.changes, order)
      const replica = cast.evaluate([])
      for (let from = 0; from < shuffled.length; from += 1 + (order % 5)) {
        // Asked in between, so that what is remembered has to be forgotten.
        for (const { header, hash } of cast.content.slice(0, 3)) replica.judgeAuthor(header, hash)
        replica.epochInUse()
        replica.members()
        replica.add([...shuffled.slice(from, from + 1 + (order % 5)), ...shuffled.slice(0, order % 3)])
      }
      assert.deepEqual(snapshot(replica, cast), expected)
    }),
  )
})

test('whoever’s content is judged otherwise after changes came is named as shaken', async (context) => {
  await checkProperty(
    context,
    40,
    fc.property(fc.nat(100_000), steps, fc.nat(255), (seed, story, order) => {
      const cast = play(seed, story)
      const replica = cast.evaluate([])
      let before = cast.content.map(({ header, hash }) => replica.judgeAuthor(header, hash))
      for (const change of toOrder(cast.changes, order)) {
        const { shaken } = replica.add([change])
        const after = cast.content.map(({ header, hash }) => replica.judgeAuthor(header, hash))
        for (const [at, { header }] of cast.content.entries()) {
          const [was, is] = [before[at], after[at]]
          if (was?.status === 'waiting' || JSON.stringify(was) === JSON.stringify(is)) continue
          assert.ok(
            shaken.some((device) => toHex(device) === toHex(header.device)),
            `content of ${cast.content[at]?.header.time.counter} turned unannounced`,
          )
        }
        before = after
      }
    }),
  )
})

test('no denial is ever undone, and nobody gains a rank without a signature by a higher one', async (context) => {
  await checkProperty(
    context,
    40,
    fc.property(fc.nat(100_000), steps, fc.nat(255), (seed, story, order) => {
      const cast = play(seed, story)
      const replica = cast.evaluate([])
      const ended = new Set<string>()
      for (const change of toOrder(cast.changes, order)) {
        replica.add([change])
        for (const { grants } of replica.members()) {
          for (const grant of grants) assert.ok(!ended.has(toHex(grant)), 'a removed grant is live again')
        }
        if (change.header.kind !== 2 || replica.authorOf(change.hash) === undefined) continue
        for (const grant of removedBy(change)) ended.add(grant)
      }
    }),
  )
})

function removedBy(change: Change): string[] {
  const body = change.body ? decodeRemoval(change.body) : undefined
  return body ? body.grants.map(toHex) : []
}
