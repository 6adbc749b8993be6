import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const folder = new URL('./', import.meta.url)
const root = new URL('../../', folder)
const chapters = readdirSync(folder).filter((name) => name.endsWith('.md'))

/** `path/to/file.test.ts`: "the test's sentence"; an … stands for what a loop puts in. */
const namedTest = /`([\w./-]+\.ts)`:\s+"([^"]+)"/g

test('every test that docs/security names exists under that sentence', () => {
  let count = 0
  for (const chapter of chapters) {
    for (const [, path = '', sentence = ''] of read(chapter).matchAll(namedTest)) {
      count += 1
      assert.ok(existsSync(new URL(path, root)), `${chapter} names ${path}, which is not there`)
      const source = readFileSync(new URL(path, root), 'utf8')
      assert.match(source, titlePattern(sentence), `${chapter}: ${path} has no test "${sentence}"`)
    }
  }
  assert.ok(count > 30, `only ${count} tests are named: did the form of the list change?`)
})

test('every line of a cannot list in docs/security/threats.md names a test', () => {
  const lists = read('threats.md')
    .split(/^\*\*Cannot\*\*.*$/m)
    .slice(1)
  assert.ok(lists.length > 4, 'the lists are found')
  for (const list of lists) {
    const items = (list.split(/^(?:#|\*\*)/m)[0] ?? '').split(/^- /m).slice(1)
    assert.ok(items.length > 0)
    for (const item of items) assert.match(item, new RegExp(namedTest.source), `no test is named in: ${item}`)
  }
})

function read(chapter: string): string {
  return readFileSync(new URL(chapter, folder), 'utf8')
}

/** The sentence as a whole string literal. */
function titlePattern(sentence: string): RegExp {
  const parts = sentence.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`(['"\`])${parts.join('\\$\\{[^}]+\\}')}\\1`)
}
