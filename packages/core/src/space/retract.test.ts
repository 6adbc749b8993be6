import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../bytes/index.ts'
import { type Change, createChange, encodeReissueBody, noBytes } from '../change/index.ts'
import { createTextSession } from '../database/index.ts'
import { createTextState, type TextOp } from '../database/text/index.ts'
import type { ContentOrder } from '../membership/index.ts'
import { createTrialPeer, showAll, type TrialPeer } from './trial-peer.fixture.ts'
import { createScribe, type Scribe, type Written } from './trial-scribe.fixture.ts'
import { applyCut, type Cuts, deviceOf, withCuts } from './trial-verdicts.fixture.ts'
import { createTrialWorld, signRun, type TrialMember } from './trial-world.fixture.ts'

const world = createTrialWorld()

type Judged = { readonly peer: TrialPeer; readonly cut: (who: number, heads?: readonly Uint8Array[]) => void }

/** A peer that can be told what to accept of a member. */
const openJudged = async (number = 0): Promise<Judged> => {
  const cuts: Cuts = new Map()
  const peer = await createTrialPeer(world, number, undefined, withCuts(cuts))
  peer.receive(world.segments)
  return { peer, cut: (who, heads) => applyCut(peer, cuts, who, heads) }
}

const at = (scribe: Scribe, column?: string): number => scribe.at('items', column)
const insertItem = (scribe: Scribe, who: number, title: string, ms = -9000): Written =>
  scribe.write(who, [[0, at(scribe), [at(scribe, 'title')], 1, [title]]], { ms })
const setTitle = (scribe: Scribe, who: number, row: Uint8Array, title: string, ms: number): Written =>
  scribe.write(who, [[2, at(scribe), row, [at(scribe, 'title'), title]]], { ms })

const titlesOf = (peer: TrialPeer): unknown[] =>
  peer
    .engine()
    .statements('SELECT "title:text" AS title FROM "org.example.trial/items" WHERE "$hidden" = 0 ORDER BY id')
    .all()
    .map(({ title }) => String(title))
    .sort((left, right) => (left < right ? -1 : 1))
const codesOf = (peer: TrialPeer): unknown[] =>
  peer
    .engine()
    .statements('SELECT code FROM held ORDER BY change')
    .all()
    .map(({ code }) => code)

/** A re-issue as any member could write it. */
const reissueBy = (scribe: Scribe, who: number, target: Change, patch = {}): Written => {
  const { device, seq } = target.header
  const blank = scribe.write(who, [], patch)
  const body = encodeReissueBody(world.crypto.randomBytes(16), { change: target.hash, device, seq })
  const change = createChange(world.crypto, { ...blank.change.header, kind: 65 }, body)
  return { ...blank, change, segment: signRun(world, who, [change]) }
}

test('what a device wrote goes, and what others wrote to the same cells shows', async () => {
  const scribe = createScribe(world)
  const { peer, cut } = await openJudged()
  const item = insertItem(scribe, 1, 'by Bob')
  const row = item.opId(0)
  const changes = [item, setTitle(scribe, 3, row, 'by Carol', -8000), setTitle(scribe, 2, row, 'by Mallory', -7000)]
  const own = insertItem(scribe, 2, 'Mallory’s own')
  const onHis = setTitle(scribe, 3, own.opId(0), 'Carol on Mallory’s', -6000)
  for (const { segment } of [...changes, own, onHis]) peer.receive([segment])
  assert.deepEqual(titlesOf(peer), ['Carol on Mallory’s', 'by Mallory'])
  const before = showAll(peer)
  cut(2, [])
  assert.deepEqual(titlesOf(peer), ['by Carol'])
  assert.deepEqual(codesOf(peer), ['outside-cut', 'outside-cut'])
  cut(2)
  assert.equal(showAll(peer), before)
  peer.close()
})

test('taking changes back costs as many statements in a large space as in a small one', async () => {
  const counts: number[] = []
  for (const rows of [500, 5000]) {
    const scribe = createScribe(world)
    const { peer, cut } = await openJudged()
    const many = Array.from({ length: rows / 50 }, () =>
      scribe.write(1, [[0, at(scribe), [at(scribe, 'title')], 50, Array.from({ length: 50 }, () => 'x')]]),
    )
    for (const { segment } of many) peer.receive([segment])
    const his = Array.from({ length: 20 }, (_, index) => [
      insertItem(scribe, 2, 'y'),
      setTitle(scribe, 2, (many[index % 10] as Written).opId(7), 'z', -100),
    ]).flat()
    peer.receive([
      signRun(
        world,
        2,
        his.map(({ change }) => change),
      ),
    ])
    peer.commit()
    const from = peer.statementCount()
    cut(2, [])
    counts.push(peer.statementCount() - from)
    assert.equal(titlesOf(peer).length, rows)
    peer.close()
  }
  assert.equal(counts[0], counts[1])
})

test('a gap that is filled brings what lies below it inside a cut, and so does the head itself', async () => {
  const scribe = createScribe(world)
  const written = Array.from({ length: 9 }, (_, index) => insertItem(scribe, 2, `${index}`))
  const run = (from: number, to: number) =>
    signRun(
      world,
      2,
      written.slice(from, to).map(({ change }) => change),
    )
  const { peer, cut } = await openJudged()
  const other = await openJudged(1)
  cut(2, [(written[7] as Written).change.hash])
  peer.receive([run(0, 3)])
  assert.deepEqual(titlesOf(peer), [])
  peer.receive([run(6, 9)])
  assert.deepEqual(titlesOf(peer), ['6', '7'])
  await peer.reopen()
  peer.receive([run(3, 6)])
  assert.deepEqual(titlesOf(peer), ['0', '1', '2', '3', '4', '5', '6', '7'])
  for (const part of [run(0, 9)]) other.peer.receive([part])
  other.cut(2, [(written[7] as Written).change.hash])
  assert.equal(showAll(other.peer), showAll(peer))
  peer.close()
  other.peer.close()
})

test('of two branches of a device a cut accepts the one that it lists', async () => {
  const scribe = createScribe(world)
  const base = insertItem(scribe, 2, 'base')
  const one = insertItem(scribe, 2, 'one')
  const header = { seq: 1, prev: base.change.hash }
  const two = scribe.write(2, [[0, at(scribe), [at(scribe, 'title')], 1, ['two']]], { ms: -9000, header })
  for (const order of [
    [base, one, two],
    [two, one, base],
  ]) {
    const { peer, cut } = await openJudged()
    cut(2, [two.change.hash])
    for (const { segment } of order) peer.receive([segment])
    assert.deepEqual(titlesOf(peer), ['base', 'two'])
    peer.close()
  }
})

test('a re-issue gives effect to a change as it was written: newer writes stay, authors too', async () => {
  const scribe = createScribe(world)
  const { peer, cut } = await openJudged()
  const item = insertItem(scribe, 1, 'first')
  const row = item.opId(0)
  const lost = setTitle(scribe, 2, row, 'lost', -8000)
  const made = insertItem(scribe, 2, 'made by Mallory')
  const newer = setTitle(scribe, 3, row, 'newer', -7000)
  for (const { segment } of [item, lost, made, newer]) peer.receive([segment])
  cut(2, [])
  assert.deepEqual(titlesOf(peer), ['newer'])
  const again = [reissueBy(scribe, 0, lost.change), reissueBy(scribe, 0, made.change)]
  for (const { segment } of again) peer.receive([segment])
  assert.deepEqual(titlesOf(peer), ['made by Mallory', 'newer'])
  const [base] = peer
    .engine()
    .statements('SELECT "$change" AS change FROM "org.example.trial/items" WHERE id = ?')
    .all(made.opId(0))
  assert.deepEqual(
    peer
      .engine()
      .store()
      .history.change(base?.['change'] as number).hash,
    made.change.hash,
  )
  // Without her the next write shows that there was one before.
  cut(3, [])
  assert.deepEqual(titlesOf(peer), ['lost', 'made by Mallory'])
  // Whoever re-issued is cut himself: it is void again.
  cut(0, [])
  assert.deepEqual(titlesOf(peer), ['first'])
  peer.close()
})

test('a writer re-issues what is his own, nothing of others', async () => {
  const scribe = createScribe(world)
  const { peer, cut } = await openJudged()
  const made = insertItem(scribe, 2, 'made')
  peer.receive([made.segment])
  cut(2, [])
  peer.receive([reissueBy(scribe, 1, made.change).segment])
  assert.deepEqual(titlesOf(peer), [])
  assert.deepEqual(codesOf(peer), ['outside-cut', 'rule'])
  // On a chain of its own, as one begins after a restored backup.
  const own = reissueBy(scribe, 2, made.change, { header: { seq: 0, prev: noBytes } })
  cut(2, [own.change.hash])
  peer.receive([own.segment])
  assert.deepEqual(titlesOf(peer), ['made'])
  peer.close()
})

test('text that is re-issued stands where it was typed, around what others typed into it', async () => {
  const scribe = createScribe(world)
  const { peer, cut } = await openJudged()
  const item = insertItem(scribe, 1, 'text')
  const row = item.opId(0)
  const stored: TextOp[] = []
  const state = createTextState({ crypto: world.crypto, row, column: 'notes', loadOps: () => stored })
  const type = (who: number, edit: (text: { insert: (at: number, words: string) => void }) => void): Written => {
    const device = deviceOf(world.members[who] as TrialMember)
    const session = createTextSession({ crypto: world.crypto, device, state })
    edit(session.doc().getText('text'))
    const bytes = session.takePending()
    assert.ok(bytes)
    const ops = [[5, at(scribe), row, at(scribe, 'notes'), bytes.salt, bytes.structs, bytes.deletes]]
    const written = scribe.write(who, ops)
    const { hash, header } = written.change
    stored.push({ ...bytes, device, change: hash, seq: header.seq, index: 0, verdict: 'applied' })
    state.accept(stored.slice(-1))
    return written
  }
  const his = type(2, (text) => text.insert(0, 'wonderful'))
  const hers = type(3, (text) => text.insert(6, '-and-'))
  for (const { segment } of [item, his, hers]) peer.receive([segment])
  const notes = (): unknown =>
    peer.engine().statements('SELECT "notes:richText" AS notes FROM "org.example.trial/items"').get()?.['notes']
  assert.equal(notes(), 'wonder-and-ful')
  cut(2, [])
  assert.equal(notes(), '-and-')
  peer.receive([reissueBy(scribe, 0, his.change).segment])
  assert.equal(notes(), 'wonder-and-ful')
  peer.close()
})

test('what was typed in rows before they came is theirs, whichever of one change’s rows is shown first after a restart', async () => {
  const scribe = createScribe(world)
  const { peer } = await openJudged()
  const columns = [at(scribe, 'title')]
  const items = scribe.write(1, [[0, at(scribe), columns, 2, ['one', 'two']]])
  const typed = (row: Uint8Array, words: string): Written[] => {
    const state = createTextState({ crypto: world.crypto, row, column: 'notes', loadOps: () => [] })
    const device = deviceOf(world.members[3] as TrialMember)
    const session = createTextSession({ crypto: world.crypto, device, state })
    return Array.from(words, (letter, index) => {
      session.doc().getText('text').insert(index, letter)
      const bytes = session.takePending()
      return scribe.write(3, [[5, at(scribe), row, at(scribe, 'notes'), bytes?.salt, bytes?.structs, bytes?.deletes]])
    })
  }
  const [first, second] = [typed(items.opId(0), 'ab'), typed(items.opId(1), 'cd')]
  for (const op of [first[0], second[0]]) peer.receive([(op as Written).segment])
  await peer.reopen()
  peer.receive([items.segment])
  for (const op of [first[1], second[1]]) peer.receive([(op as Written).segment])
  const notes = peer
    .engine()
    .statements('SELECT "notes:richText" AS notes FROM "org.example.trial/items" ORDER BY id')
    .all()
  assert.deepEqual(
    notes.map((row) => row['notes']),
    ['ab', 'cd'],
  )
  peer.close()
})

test('the causal past of heads is what they rest on over all chains, as far as it is here', async () => {
  const scribe = createScribe(world)
  let order: ContentOrder | undefined
  const peer = await createTrialPeer(world, 0, undefined, (membership, given) => {
    order = given
    return membership
  })
  peer.receive(world.segments)
  const one = insertItem(scribe, 2, 'one')
  const two = insertItem(scribe, 2, 'two')
  const seeing = (who: number, ...heads: Written[]): Written => {
    const view = world.views[0] as (typeof world.views)[number]
    const content = heads.map(({ change }) => change.hash)
    return scribe.write(who, [[0, at(scribe), [], 1, []]], { header: { deps: { membership: view.heads, content } } })
  }
  const bobs = seeing(1, one)
  const carols = seeing(3, bobs)
  const isSeen = ({ change }: Written, head: Written): boolean | undefined => {
    const { device, seq } = change.header
    return order?.isSeen({ device, seq, hash: change.hash }, [head.change.hash])
  }
  for (const { segment } of [one, two, carols]) peer.receive([segment])
  assert.equal(isSeen(carols, carols), true)
  assert.equal(isSeen(one, carols), false)
  peer.receive([bobs.segment])
  assert.equal(isSeen(one, carols), true)
  assert.equal(isSeen(bobs, carols), true)
  assert.equal(isSeen(two, carols), false)
  assert.equal(isSeen(carols, bobs), false)
  peer.close()
})

test('who wrote by the rights that an insert gave waits again when that insert is void', async () => {
  const scribe = createScribe(world)
  const { peer, cut } = await openJudged()
  const column = (name: string) => scribe.at('tasks', name)
  const address = (who: number) => (world.members[who] as TrialMember).secrets.address
  const task = scribe.write(2, [
    [
      0,
      scribe.at('tasks'),
      [column('title'), column('assignee')].sort((a, b) => a - b),
      1,
      taskValues(column, address(3)),
    ],
  ])
  const done = scribe.write(3, [[2, scribe.at('tasks'), task.opId(0), [column('state'), 'done']]])
  for (const { segment } of [task, done]) peer.receive([segment])
  const waiting = () =>
    peer
      .engine()
      .statements('SELECT need FROM waiting')
      .all()
      .map(({ need }) => toHex(need as Uint8Array))
  assert.deepEqual(waiting(), [])
  cut(2, [])
  assert.deepEqual(waiting(), [toHex(task.opId(0))])
  cut(2)
  assert.deepEqual(waiting(), [])
  peer.close()
})

const taskValues = (column: (name: string) => number, assignee: Uint8Array): unknown[] =>
  column('title') < column('assignee') ? ['Task', assignee] : [assignee, 'Task']
