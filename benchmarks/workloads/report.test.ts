import assert from 'node:assert/strict'
import test from 'node:test'
import type { ProductName } from './products.ts'
import { compare, type Measured, toMarkdown, toValue } from './report.ts'
import type { Description, Outcome } from './workloads.ts'

const describe = (title: string): Description => ({
  title,
  packages: [],
  traits: { encryption: 'e', queries: 'q', permissions: 'p', durability: 'd' },
})
const measure = (products: Partial<Record<ProductName, readonly Outcome[]>>): Measured => ({
  records: 1_000,
  rounds: 3,
  products: new Map(
    Object.entries(products).map(([name, outcomes]) => [
      name as ProductName,
      { description: describe(name), outcomes },
    ]),
  ),
})
const toText = (measured: Measured): string =>
  toMarkdown([measured], { machine: 'a machine', load: '9.9', versions: new Map() }, [])

test('a figure is the median of its rounds, and the reason where most rounds gave none', () => {
  assert.equal(toValue([{ joinMs: 9 }, { joinMs: 1 }, { joinMs: 5 }], 'joinMs'), 5)
  assert.equal(toValue([{ joinMs: 'over 60 s' }, { joinMs: 'over 60 s' }, { joinMs: 5 }], 'joinMs'), 'over 60 s')
  assert.equal(toValue([{}], 'joinMs'), undefined)
})

test('Kith is compared so that below 1 is a loss, where more is better and where less is', () => {
  const measured = measure({
    kith: [{ joinMs: 10, batchesPerSecond: 10 }],
    yjs: [{ joinMs: 5, batchesPerSecond: 5 }],
  })
  assert.deepEqual(
    compare(measured).map(({ figure, ratio }) => [figure, ratio]),
    [
      ['batchesPerSecond', 2],
      ['joinMs', 0.5],
    ],
  )
})

test('the document names what Kith loses, by whom and by how much, and the load', () => {
  const text = toText(measure({ kith: [{ joinMs: 10 }], yjs: [{ joinMs: 5 }], evolu: [{ joinMs: 50 }] }))
  const losses = text.slice(text.indexOf('### Where Kith loses'), text.indexOf('### Goals'))
  assert.match(losses, /W2 .*: yjs is 2\.0 × better/)
  assert.doesNotMatch(losses, /evolu/)
  assert.match(text, /load average of 9\.9/)
})

test('a goal that is missed says so, and one without numbers is left out', () => {
  const text = toText(
    measure({ kith: [{ batchesPerSecond: 50, tenMoreBytes: 3_001 }], sqlite: [{ batchesPerSecond: 100 }] }),
  )
  assert.match(text, /\| W1 units ≥ 60 % of bare SQLite \| 50 % \| \*\*missed\*\* \|/)
  assert.match(text, /\| W4 ten more ≤ 3,000 B \| 3,001 B \| \*\*missed\*\* \|/)
  assert.doesNotMatch(text, /Evolu|W5 first page ≤/)
})

test('rounds that lie far apart are marked', () => {
  const [wide, narrow] = [
    toText(measure({ kith: [{ joinMs: 1 }, { joinMs: 2 }, { joinMs: 3 }] })),
    toText(measure({ kith: [{ joinMs: 2 }, { joinMs: 2 }, { joinMs: 2.1 }] })),
  ]
  assert.match(wide, /2 \(±3\.0 ×\)/)
  assert.doesNotMatch(narrow, /\(±\d/)
})
