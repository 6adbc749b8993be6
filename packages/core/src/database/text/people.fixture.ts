/** For tests: random people in one cell, some with a cloned device, one who makes ops by hand; and what their ops give. */
import * as Y from 'yjs'
import { concatBytes, utf8 } from '../../bytes/index.ts'
import { encodeNumber, frameStructs } from './bytes.ts'
import { clientIdOf, type HasSeen, type IsAncestor, type TextOp } from './index.ts'
import { textOpKey } from './op.ts'
import {
  createPerson,
  createReplica,
  toOp,
  type TrialCrypto,
  type TrialPerson,
  type TrialReplica,
  trialColumn,
  trialRow,
} from './text.fixture.ts'

export type Random = (below: number) => number

/** Mulberry32: small, seeded, the same everywhere. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

export type Habits = {
  readonly deletes: boolean
  /** Elements and formats besides plain text. */
  readonly rich: boolean
  /** Values that replace others: an attribute of an element, a key of a map. */
  readonly values: boolean
  readonly fork: boolean
  readonly hostile: boolean
}

export type Story = {
  readonly ops: TextOp[]
  readonly people: TrialPerson[]
  readonly isAncestor: IsAncestor
  readonly hasSeen: HasSeen
  /** Characters of each op, each typed once in the whole story. */
  readonly typed: (op: TextOp) => string
}

export function tellStory(base: TrialCrypto, random: Random, habits: Habits, steps = 40): Story {
  let salts = 1 + random(100)
  const crypto: TrialCrypto = { ...base, randomBytes: (length) => new Uint8Array(length).fill(salts++) }
  const twinSalt = 255
  const twinCrypto = () => {
    let sessions = 0
    return {
      ...crypto,
      randomBytes: (length: number) =>
        sessions++ === 0 ? new Uint8Array(length).fill(twinSalt) : crypto.randomBytes(length),
    }
  }
  const branches = new Map<string, number>()
  const pasts = new Map<string, Set<string>>()
  const isAncestor: IsAncestor = (earlier, later) => {
    const branch = branches.get(textOpKey(earlier)) ?? 0
    return branch === 0 || branch === branches.get(textOpKey(later))
  }
  const hasSeen: HasSeen = (later, earlier) => pasts.get(textOpKey(later))?.has(textOpKey(earlier)) ?? false
  let branchNow = 0
  const seat = (source: TrialCrypto, number: number) => {
    const replica = createReplica(source, { isAncestor, hasSeen })
    const signing = (op: TextOp) => {
      branches.set(textOpKey(op), branchNow)
      pasts.set(textOpKey(op), new Set(replica.stored.map(textOpKey)))
    }
    return createPerson(source, number, replica, signing, () => branchNow)
  }
  const people = [1, 2, 3].map((number) => seat(crypto, number))
  // The twins do the same until they part: then one device's chain goes on in two places.
  const twins = habits.fork ? [seat(twinCrypto(), 8), seat(twinCrypto(), 8)] : []
  const partAt = random(steps)
  const forger = createForger(base, random)
  let nextCharacter = 0x4e00
  const fresh = () => String.fromCharCode(nextCharacter++)
  const all = () => [...people, ...twins]
  const commit = (person: TrialPerson, branch: number) => {
    branchNow = branch
    person.commit()
  }
  for (let step = 0; step < steps; step += 1) {
    const apart = step > partAt
    if (random(3) === 0) {
      const from = all()[random(all().length)]!
      const to = people[random(people.length)]!
      if (from !== to) give(from, to)
      if (twins.length > 0 && (apart || !twins.includes(from))) {
        if (apart) give(from, twins[random(2)]!)
        else for (const twin of twins) give(from, twin)
      }
      continue
    }
    if (habits.hostile && random(4) === 0) {
      const person = people[random(people.length)]!
      person.receive(forger(person, fresh()))
      continue
    }
    const at = random(people.length + twins.length)
    const edit = makeEdit(random, habits, fresh)
    if (at < people.length) {
      edit(people[at]!.session.doc())
      if (random(3) > 0) commit(people[at]!, 0)
    } else if (apart) {
      const side = random(2)
      edit(twins[side]!.session.doc())
      commit(twins[side]!, side + 1)
    } else
      for (const twin of twins) {
        edit(twin.session.doc())
        commit(twin, 0)
      }
  }
  for (const person of all()) commit(person, twins.indexOf(person) + 1)
  const ops = new Map(all().flatMap(({ stored }) => stored.map((op) => [textOpKey(op), op] as const)))
  const typed = (op: TextOp) => charactersOf(op)
  return { ops: [...ops.values()], people: all(), isAncestor, hasSeen, typed }
}

/** Hands over what the other lacks, in the order in which it was stored: with all it depends on. */
export function give(from: TrialReplica, to: TrialReplica): void {
  if (from === to) return
  const has = new Set(to.stored.map(textOpKey))
  const lacking = from.stored.filter((op) => !has.has(textOpKey(op)))
  if (lacking.length > 0) to.receive(...lacking)
}

/** One random edit that two documents with the same content take in the same way. */
function makeEdit(random: Random, { deletes, rich, values }: Habits, fresh: () => string): (doc: Y.Doc) => void {
  const rolls = Array.from({ length: 6 }, () => random(1_000_000))
  const roll = (at: number, below: number) => rolls[at]! % below
  const word = Array.from({ length: 1 + roll(0, 4) }, fresh).join('')
  const kind = roll(1, rich ? 10 : 4)
  return (doc) => {
    const text = doc.getText('text')
    if (kind === 0 && deletes && text.length > 0) {
      const at = roll(2, text.length)
      return text.delete(at, Math.min(1 + roll(3, 6), text.length - at))
    }
    if (kind <= 3) return text.insert(roll(2, text.length + 1), word)
    if (kind === 4) {
      if (text.length === 0) return text.insert(0, word)
      const at = roll(2, text.length)
      return text.format(at, Math.min(1 + roll(3, 5), text.length - at), { bold: roll(4, 2) === 0 ? true : null })
    }
    if (kind === 5 && values) return void doc.getMap('meta').set(`key${roll(2, 2)}`, word)
    const page = doc.getXmlFragment('page')
    if (kind === 6 || page.length === 0) {
      const paragraph = new Y.XmlElement('p')
      paragraph.insert(0, [new Y.XmlText(word)])
      return page.insert(roll(2, page.length + 1), [paragraph])
    }
    const element = page.get(roll(2, page.length))
    // A forger may have put anything among the elements.
    if (!(element instanceof Y.XmlElement)) return
    if (kind === 7 && values) return element.setAttribute('level', word)
    if (kind === 8 && deletes) return page.delete(roll(2, page.length), 1)
    const inner = element.length > 0 ? element.get(0) : undefined
    if (inner instanceof Y.XmlText) inner.insert(roll(3, inner.length + 1), word)
  }
}

/** An author whose ops pass every check and whose characters claim neighbours that never were neighbours. */
function createForger(crypto: TrialCrypto, random: Random): (victim: TrialReplica, character: string) => TextOp {
  const device = new Uint8Array(32).fill(66)
  let seq = 0
  let salt = new Uint8Array(16).fill(66)
  let clock = 0
  return (victim, character) => {
    if (clock > 0 && random(5) === 0) {
      salt = new Uint8Array(16).fill(100 + seq)
      clock = 0
    }
    const client = clientIdOf(crypto, device, trialRow, trialColumn, salt)
    const known = [...victim.state.doc().store.clients]
    // What the victim lacks of us is not ours to name: an op that waits for itself would only be boring.
    const someId = (): [number, number] | undefined => {
      const from = known[random(known.length + 1)]
      if (from === undefined) return undefined
      const [id] = from
      const below = id === client ? clock : Y.getState(victim.state.doc().store, id)
      return below === 0 ? undefined : [id, random(below)]
    }
    const start = clock
    const structs: Uint8Array[] = []
    for (let count = 1 + random(3); count > 0; count -= 1) {
      const [left, right] = [someId(), someId()]
      structs.push(forgeStruct(random, left, right, someId(), structs.length === 0 ? character : 'x'))
      clock += 1
    }
    const bytes = frameStructs(client, start, structs.length, concatBytes(...structs))
    const op = toOp(crypto, device, seq, 0, {
      salt: start === 0 ? salt : null,
      structs: bytes,
      deletes: new Uint8Array(0),
    })
    seq += 1
    return op
  }
}

function forgeStruct(
  random: Random,
  left: [number, number] | undefined,
  right: [number, number] | undefined,
  parent: [number, number] | undefined,
  character: string,
): Uint8Array {
  const string = (value: string) => concatBytes(encodeNumber(utf8(value).length), utf8(value))
  const id = (value: [number, number] | undefined) =>
    value ? concatBytes(encodeNumber(value[0]), encodeNumber(value[1])) : new Uint8Array(0)
  const kind = random(8)
  const [bits, content] =
    kind === 0
      ? [7, Uint8Array.of(random(3))]
      : kind === 1
        ? [6, concatBytes(string('bold'), string('true'))]
        : kind === 2
          ? [1, Uint8Array.of(1)]
          : [4, string(character)]
  const keyed = random(6) === 0 ? 0x20 : 0
  const info = bits | (left ? 0x80 : 0) | (right ? 0x40 : 0) | keyed
  if (left || right) return concatBytes(Uint8Array.of(info), id(left), id(right), content)
  const root = ['text', 'page', 'meta'][random(3)]!
  const where =
    parent && random(2) === 0 ? concatBytes(Uint8Array.of(0), id(parent)) : concatBytes(Uint8Array.of(1), string(root))
  return concatBytes(Uint8Array.of(info), where, keyed ? string('key0') : new Uint8Array(0), content)
}

function charactersOf(op: TextOp): string {
  if (op.structs.length === 0) return ''
  const items = Y.decodeUpdate(op.structs).structs as Y.Item[]
  return items.flatMap(({ content }) => (content instanceof Y.ContentString ? [content.str] : [])).join('')
}

/** All that a document shows, in a form that compares. */
export function showing(doc: Y.Doc): string {
  return JSON.stringify([
    doc.getText('text').toDelta(),
    doc.getXmlFragment('page').toJSON(),
    Object.entries(doc.getMap('meta').toJSON()).sort(([left], [right]) => (left < right ? -1 : 1)),
  ])
}

export function shuffled<T>(random: Random, list: readonly T[]): T[] {
  const left = [...list]
  return list.map(() => left.splice(random(left.length), 1)[0]!)
}
