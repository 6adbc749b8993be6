import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import * as Y from 'yjs'
import { plainText, type TextOp } from './index.ts'
import { createRandom, type Random, shuffled } from './people.fixture.ts'
import { createPerson, createReplica, nodeTrialCrypto as crypto, type TrialPerson } from './text.fixture.ts'

const liar = 3

/** What an editor of the ProseMirror family does in a document: paragraphs and lists with text in them, formatted, split and deleted from. */
const edit = (random: Random, person: TrialPerson, character: () => string): void => {
  const prose = person.session.doc().getXmlFragment('prose')
  const texts = textsIn(prose)
  const text = texts[random(texts.length)]
  const choice = random(10)
  if (!text || choice === 0) {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(character())])
    const isListed = random(3) === 0
    const list = new Y.XmlElement('bulletList')
    if (isListed) list.insert(0, [paragraph])
    prose.insert(random(prose.length + 1), [isListed ? list : paragraph])
  } else if (choice <= 2 && text.length > 0) {
    const at = random(text.length)
    // Each mark says by its name whose it is.
    text.format(at, 1 + random(text.length - at), { [person.device[0] === liar ? 'italic' : 'bold']: true })
  } else if (choice === 3 && text.length > 0) text.delete(random(text.length), 1)
  else text.insert(random(text.length + 1), character())
}

const textsIn = (parent: Y.XmlFragment | Y.XmlElement): Y.XmlText[] =>
  parent.toArray().flatMap((child) => (child instanceof Y.XmlText ? [child] : textsIn(child as Y.XmlElement)))

const tell = (random: Random): TextOp[] => {
  const people = [1, 2, liar].map((number) => createPerson(crypto, number))
  const ops: TextOp[] = []
  const seen = people.map(() => new Set<TextOp>())
  let typed = 0x4e00
  for (let step = 0; step < 40; step += 1) {
    const at = random(people.length)
    const person = people[at] as TrialPerson
    edit(random, person, () => String.fromCharCode(typed++))
    for (const op of person.commit()) {
      ops.push(op)
      seen[at]?.add(op)
    }
    const other = random(people.length)
    const missing = ops.filter((op) => !seen[other]?.has(op))
    for (const op of missing) seen[other]?.add(op)
    if (random(2) === 0) people[other]?.receive(...missing)
    else for (const op of missing) seen[other]?.delete(op)
  }
  for (const { session } of people) session.close()
  return ops
}

const sorted = (text: string): string => Array.from(text.replaceAll('\n', '')).sort().join('')

/** Typed by somebody whose op counts, and deleted by nobody whose op does. */
const honestCharacters = (ops: readonly TextOp[]): string => {
  const left = new Map<string, string>()
  const counting = ops.filter(({ verdict }) => verdict === 'applied')
  const decode = (bytes: Uint8Array) => (bytes.length === 0 ? undefined : Y.decodeUpdate(bytes))
  for (const op of counting) {
    for (const { id, content } of (decode(op.structs)?.structs ?? []) as Y.Item[])
      if (content instanceof Y.ContentString)
        for (const [at, character] of Array.from(content.str).entries())
          left.set(`${id.client}/${id.clock + at}`, character)
  }
  for (const op of counting) {
    for (const [client, ranges] of decode(op.deletes)?.ds.clients ?? [])
      for (const { clock, len } of ranges)
        for (let at = clock; at < clock + len; at += 1) left.delete(`${client}/${at}`)
  }
  return sorted([...left.values()].join(''))
}

test('rich text converges with its formatting, and what a held-back author did to it takes nothing honest along', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.boolean(), (seed, isHeldBack) => {
      const random = createRandom(seed)
      const ops = tell(random).map(
        (op): TextOp => ({ ...op, verdict: isHeldBack && op.device[0] === liar ? 'void' : 'applied' }),
      )
      const shown = Array.from({ length: 3 }, () => {
        const replica = createReplica(crypto)
        const queue = shuffled(random, ops)
        while (queue.length > 0) replica.receive(...queue.splice(0, 1 + random(5)))
        assert.equal(replica.state.waitingCount(), 0)
        const doc = replica.state.copy(1).doc
        const prose = doc.getXmlFragment('prose')
        assert.equal(replica.state.text(), plainText(doc))
        return { prose: prose.toJSON(), text: replica.state.text() }
      })
      for (const one of shown) assert.deepEqual(one, shown[0])
      assert.equal(sorted(shown[0]?.text ?? ''), honestCharacters(ops))
      if (isHeldBack) assert.doesNotMatch(shown[0]?.prose ?? '', /<italic>/)
    }),
    { numRuns: 100 },
  )
})

test('queries see the plain text and the elements of a document, a line for each that holds text', () => {
  const doc = new Y.Doc()
  assert.equal(plainText(doc), '')
  const prose = doc.getXmlFragment('prose')
  const item = new Y.XmlElement('listItem')
  const [heading, inner] = [new Y.XmlElement('heading'), new Y.XmlElement('paragraph')]
  heading.insert(0, [new Y.XmlText('Title')])
  const line = new Y.XmlText('some ')
  line.insert(5, 'bold', { bold: true })
  inner.insert(0, [line, new Y.XmlElement('hardBreak'), new Y.XmlText('words')])
  item.insert(0, [inner])
  prose.insert(0, [heading, item, new Y.XmlElement('paragraph')])
  assert.equal(plainText(doc), 'Title\nsome bold\nwords')
  doc.getText('text').insert(0, 'plain')
  assert.equal(plainText(doc), 'plain\nTitle\nsome bold\nwords')
  let deep: Y.XmlElement = inner
  for (let at = 0; at < 300; at += 1) {
    const next = new Y.XmlElement('quote')
    deep.insert(0, [next])
    deep = next
  }
  deep.insert(0, [new Y.XmlText('deep')])
  assert.equal(plainText(doc), 'plain\nTitle\ndeep\nsome bold\nwords')
})
