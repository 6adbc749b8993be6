/** For tests: the property that peers come to one state though membership changes its mind at random moments. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toHex } from '../bytes/index.ts'
import { type Change, createChange, type Header, kinds, noBytes, type Segment, sortHeads } from '../change/index.ts'
import { createRandom, type Random } from '../database/text/people.fixture.ts'
import { deal, shuffle, world } from './trial-converge.fixture.ts'
import { createTrialPeer, showAll, type TrialPeer } from './trial-peer.fixture.ts'
import { type Step, type Story, tellStory } from './trial-story.fixture.ts'
import { signRun, type TrialMember, trialNowMs } from './trial-world.fixture.ts'
import { encodeRemoval, type Membership } from '../membership/index.ts'
import type { createReplica } from './replica.ts'

const small = (max: number) => fc.nat({ max })
/** Many people at few rows: changes that hang on each other's rows, keyed rows that several upsert, texts that several type in. */
export const crowdedStep: fc.Arbitrary<Step> = fc
  .record({
    who: small(3),
    view: fc.constantFrom(0, 0, 0, 0, 1, 3, 4),
    ms: fc.oneof({ weight: 20, arbitrary: small(11) }, { weight: 1, arbitrary: fc.constant(12) }),
    counter: small(1),
    fork: small(12),
    twin: small(16),
    reissue: small(5),
    seeds: fc.array(
      fc.record({
        kind: fc.constantFrom(0, 0, 0, 4, 5, 6, 9, 11, 12, 12, 14, 15),
        table: fc.constantFrom(0, 1, 2, 2, 3, 3, 3, 4, 4, 4),
        row: small(4),
        at: small(15),
        value: small(1),
        odd: fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 23 }) }, { weight: 1, arbitrary: small(5) }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  })
  // Mostly an admin's: what others wrote only admins re-issue.
  .map((step) => (step.reissue === 0 && step.counter === 0 ? { ...step, who: 0 } : step))

/** Heads that are accepted of a device's content: all else of it is void. */
export type Cuts = Map<string, readonly Uint8Array[]>
type Wrap = NonNullable<Parameters<typeof createReplica>[2]>

/** The evaluator, and cuts by hand on top of it. */
export const withCuts =
  (cuts: Cuts): Wrap =>
  (membership, order): Membership => ({
    ...membership,
    judgeAuthor: (header, hash) => {
      const judged = membership.judgeAuthor(header, hash)
      const heads = cuts.get(toHex(header.device))
      if (judged.status !== 'allowed' || !heads || !hash) return judged
      if (order.isInside({ device: header.device, seq: header.seq, hash }, heads)) return judged
      return { status: 'heldBack', code: 'outside-cut', message: 'It lies beyond what was accepted.' }
    },
  })

export const deviceOf = (member: TrialMember): Uint8Array => member.secrets.device.signing.publicKey

/** No cut, one that accepts nothing, or one at some changes of the device. */
const someCut = (story: Story, who: number, random: Random): readonly Uint8Array[] | undefined => {
  if (random(4) === 0) return undefined
  const own = story.branches.filter(({ member }) => member === who).flatMap(({ changes }) => changes)
  if (own.length === 0 || random(4) === 0) return []
  return Array.from({ length: 1 + random(2) }, () => own[random(own.length)]?.hash as Uint8Array)
}

export const applyCut = (peer: TrialPeer, cuts: Cuts, who: number, heads: readonly Uint8Array[] | undefined): void => {
  const device = deviceOf(world.members[who] as TrialMember)
  if (heads) cuts.set(toHex(device), heads)
  else cuts.delete(toHex(device))
  const replica = peer.replica()
  peer.engine().unit.enter()
  replica.content.reconsider([device], trialNowMs)
}

/**
 * One peer knows from the beginning what is accepted in the end; the others learn it at some moment, and believe other things before. All show the
 * same, and go on showing it when opened again and built anew.
 */
export const turnsAlike = async (steps: readonly Step[], seed: number): Promise<void> => {
  const random = createRandom(seed)
  const story = tellStory(world, steps)
  const last = [0, 1, 2, 3].map((who) => someCut(story, who, random))
  const peers: TrialPeer[] = []
  try {
    for (let number = 0; number < 5; number += 1) {
      const cuts: Cuts = new Map()
      const peer = await createTrialPeer(world, number, undefined, withCuts(cuts))
      peers.push(peer)
      const isFresh = number === 0
      const turnAll = (): void => {
        for (const [who, heads] of last.entries()) applyCut(peer, cuts, who, heads)
      }
      if (isFresh) turnAll()
      const content: Segment[] = deal(story, random)
      const all = number % 2 === 1 ? shuffle([...world.segments, ...content], random) : [...world.segments, ...content]
      const isLateFrom = random(all.length + 1)
      let isLate = isFresh
      for (let from = 0; from < all.length; ) {
        const to = from + 1 + random(6)
        if (!isLate && from >= isLateFrom) {
          isLate = true
          turnAll()
        } else if (!isLate && random(3) === 0) {
          const who = random(4)
          applyCut(peer, cuts, who, someCut(story, who, random))
        }
        peer.receive(all.slice(from, to))
        if (random(3) === 0) peer.commit()
        from = to
      }
      if (!isLate) turnAll()
    }
    const [fresh, ...others] = peers
    const shown = showAll(fresh as TrialPeer)
    for (const [at, peer] of others.entries()) {
      sameLines(showAll(peer), shown, `peer ${at + 1} and the fresh one`)
    }
    const again = others.at(-1) as TrialPeer
    await again.reopen()
    assert.equal(showAll(again), shown, 'after opening again')
    again.engine().unit.enter()
    again.replica().content.rebuild(trialNowMs)
    assert.equal(showAll(again), shown, 'after a rebuild from segments')
    for (const peer of peers) {
      peer.setClock(trialNowMs + 2 * 60_000)
      peer.replica().retry()
    }
    const later = showAll(fresh as TrialPeer)
    for (const [at, peer] of others.entries()) assert.equal(showAll(peer), later, `later: peer ${at + 1}`)
  } finally {
    for (const peer of peers) peer.close()
  }
}

/** Says only in which lines two differ: all of a space is long. */
const sameLines = (shown: string, expected: string, what: string): void => {
  if (shown === expected) return
  const [ours, theirs] = [shown.split('\n'), expected.split('\n')]
  const more = ours.filter((line) => !theirs.includes(line)).map((line) => `+ ${line}`)
  const less = theirs.filter((line) => !ours.includes(line)).map((line) => `- ${line}`)
  assert.fail([what, ...more, ...less].join('\n'))
}

/** Removals that the owner signs, of one to three people, some of them twice; each on a chain of its own. */
const someRemovals = (story: Story, random: Random): Segment[] =>
  Array.from({ length: 1 + random(3) }, () => {
    const who = 1 + random(3)
    const [owner, member] = [world.members[0] as TrialMember, world.members[who] as TrialMember]
    const view = world.views[random(2) === 0 ? 0 : 3] as (typeof world.views)[number]
    // What they did as members is kept or not: without his record, what all wrote under Bob's has no rules.
    const own = world.segments.filter(({ device }) => toHex(device) === toHex(deviceOf(member)))
    const kept = random(3) === 0 ? [] : own.map(({ changes }) => (changes.at(-1) as Change).hash)
    const cut = sortHeads([
      ...new Map([...kept, ...(someCut(story, who, random) ?? [])].map((hash) => [toHex(hash), hash])).values(),
    ])
    const header: Header = {
      kind: kinds.removal,
      space: world.space,
      device: deviceOf(owner),
      seq: 0,
      prev: noBytes,
      deps: { membership: view.heads, content: [] },
      grant: owner.grant,
      admission: owner.secrets.admission,
      epoch: noBytes,
      schema: noBytes,
      time: { ms: trialNowMs, counter: random(1000) },
    }
    const salt = world.crypto.randomBytes(16)
    const body = encodeRemoval({ salt, grants: [member.grant], cut, replacement: undefined })
    return signRun(world, 0, [createChange(world.crypto, header, body)])
  })

/** The same with the evaluator alone, and removals that arrive at any moment: before, between and after what they cut. */
export const removesAlike = async (steps: readonly Step[], seed: number): Promise<void> => {
  const random = createRandom(seed)
  const story = tellStory(world, steps)
  const removals = someRemovals(story, random)
  const peers: TrialPeer[] = []
  try {
    for (let number = 0; number < 5; number += 1) {
      const peer = await createTrialPeer(world, number)
      peers.push(peer)
      const content = deal(story, random)
      const rest = shuffle([...content, ...removals], random)
      const all =
        number === 0
          ? [...world.segments, ...removals, ...content]
          : number % 2 === 1
            ? shuffle([...world.segments, ...rest], random)
            : [...world.segments, ...rest]
      for (let from = 0; from < all.length; ) {
        const to = from + 1 + random(6)
        peer.receive(all.slice(from, to))
        if (random(3) === 0) peer.commit()
        if (random(12) === 0) await peer.reopen()
        from = to
      }
    }
    const shown = showAll(peers[0] as TrialPeer)
    for (const [at, peer] of peers.entries()) sameLines(showAll(peer), shown, `peer ${at} and the one that knew first`)
    const last = peers.at(-1) as TrialPeer
    last.engine().unit.enter()
    last.replica().content.rebuild(trialNowMs)
    assert.equal(showAll(last), shown, 'after a rebuild from segments')
  } finally {
    for (const peer of peers) peer.close()
  }
}
