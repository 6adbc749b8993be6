/** For tests: the property that five peers come to one state. */
import assert from 'node:assert/strict'
import { createRandom, type Random } from '../database/text/people.fixture.ts'
import type { Segment } from '../change/index.ts'
import { createTrialPeer, showAll, type TrialPeer } from './trial-peer.fixture.ts'
import { type Step, type Story, tellStory } from './trial-story.fixture.ts'
import { createTrialWorld, signRun, trialNowMs } from './trial-world.fixture.ts'

export const world = createTrialWorld()

/** All changes in runs of random length, some in more than one, in random order. */
export const deal = (story: Story, random: Random): Segment[] => {
  const segments: Segment[] = []
  for (const { member, changes } of story.branches) {
    const cut = (from: number, to: number) => segments.push(signRun(world, member, changes.slice(from, to)))
    for (let from = 0; from < changes.length; ) {
      const to = Math.min(changes.length, from + 1 + random(4))
      cut(from, to)
      from = to
    }
    if (random(2) === 0) {
      const from = random(changes.length)
      cut(from, from + 1 + random(changes.length - from))
    }
  }
  return shuffle(segments, random)
}

export const shuffle = <T>(list: readonly T[], random: Random): T[] => {
  const mixed = [...list]
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = random(at + 1)
    ;[mixed[at], mixed[other]] = [mixed[other] as T, mixed[at] as T]
  }
  return mixed
}

/** Hands all to a peer in batches with commits between. Membership comes in between for odd peers. */
const deliver = (peer: TrialPeer, story: Story, random: Random, number: number): void => {
  const content = number === 0 ? inOrder(story) : deal(story, random)
  const all = number % 2 === 1 ? shuffle([...world.segments, ...content], random) : [...world.segments, ...content]
  for (let from = 0; from < all.length; ) {
    const to = from + 1 + random(6)
    peer.receive(all.slice(from, to))
    if (random(3) === 0) peer.commit()
    from = to
  }
}

/** As it was written: each change by itself. */
export const inOrder = (story: Story): Segment[] => {
  const memberOf = new Map(
    story.branches.flatMap(({ member, changes }) => changes.map((change) => [change, member] as const)),
  )
  return story.changes.map((change) => signRun(world, memberOf.get(change) as number, [change]))
}

const replicas = 5

/** Tells the story to five peers, each in its own way, and holds them to one state: also later, opened again, and built anew. */
export const converges = async (steps: readonly Step[], seed: number): Promise<void> => {
  const random = createRandom(seed)
  const story = tellStory(world, steps)
  const peers: TrialPeer[] = []
  try {
    for (let number = 0; number < replicas; number += 1) {
      const peer = await createTrialPeer(world, number)
      peers.push(peer)
      deliver(peer, story, random, number)
    }
    const same = (what: string, shown = peers.map(showAll)): string => {
      for (const [number, text] of shown.entries()) assert.equal(text, shown[0], `${what}: peer ${number} and peer 0`)
      return shown[0] as string
    }
    const shown = same('after all has come')
    const last = peers.at(-1) as TrialPeer
    await last.reopen()
    assert.equal(showAll(last), shown, 'after opening again')
    const { content } = last.replica()
    last.engine().unit.enter()
    content.rebuild(trialNowMs)
    assert.equal(showAll(last), shown, 'after a rebuild from segments')
    for (const peer of peers) {
      peer.setClock(trialNowMs + 2 * 60_000)
      peer.replica().retry()
    }
    const later = same('when the clock has come near')
    assert.doesNotMatch(later, /ahead of our clock/)
  } finally {
    for (const peer of peers) peer.close()
  }
}
