import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findUntidy, findUnusedExports } from './tidy.ts'

const untidy: [sentence: string, path: string, text: string, says: RegExp][] = [
  [
    'a file over 400 lines gives its reason',
    'scripts/a.ts',
    'x\n'.repeat(401).replaceAll('x', 'void 0'),
    /^scripts\/a\.ts:1: 401 lines/,
  ],
  ['a leftover is found', 'docs/a.md', 'fine\nTODO later\n', /^docs\/a\.md:2: a leftover/],
  ['a library does not print', 'packages/core/src/a.ts', "console.log('x')\n", /:1: console/],
  ['a single test left on alone is found', 'scripts/a.test.ts', "test.only('x', () => {})\n", /debugging/],
  ['an unsettled conflict is found', 'docs/a.md', `one\n${'<'.repeat(7)} HEAD\ntwo\n`, /docs\/a\.md:2: a conflict/],
  ['a path of one machine is found', 'docs/a.md', 'see /home/somebody/x\n', /one machine/],
  ['the host of a registry is found', 'docs/a.md', 'from registry.npmjs.org\n', /registry/],
  [
    'a link that leads nowhere is found',
    'docs/a.md',
    '\n[x](./none.md)\n',
    /^docs\/a\.md:2: the link \.\/none\.md leads nowhere/,
  ],
  ['a link to a heading that is not there is found', 'docs/a.md', '# One\n[x](#two)\n', /no heading #two/],
  ['the clock in the core is found', 'packages/core/src/a.ts', 'void Date.now()\n', /Date\.now in the core/],
  ['a new Date in the core is found', 'packages/core/src/a.ts', 'void new Date()\n', /the clock in the core/],
  ['chance in the core is found', 'packages/core/src/a.ts', 'void Math.random()\n', /Math\.random in the core/],
  [
    'an export that nothing uses is found',
    'scripts/a.ts',
    'export const lonely = 1\n',
    /nothing uses the export lonely/,
  ],
]

for (const [sentence, path, text, says] of untidy) {
  test(sentence, () => {
    const problems = check([[path, text]])
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', says)
  })
}

test('a folder without README is found', () => {
  const problems = findUntidy(new Map([['packages/core/src/wire/a.ts', '']]), { exists: () => false })
  assert.deepEqual(problems, ['packages/core: has no README.md', 'packages/core/src/wire: has no README.md'])
})

test('a tidy tree is let through', () => {
  const problems = check([
    ['scripts/long.ts', `// One table, whole on purpose.\n${'void 0\n'.repeat(500)}`],
    ['docs/a.md', '# A title\n[x](b.md#b) [y](#a-title) [z](https://example.org) `[q](none.md)`\n'],
    ['docs/b.md', '# B\n'],
    ['packages/core/src/index.ts', "export * from './part.ts'\n"],
    ['packages/core/src/part.ts', 'export const offered = new Date(0)\n'],
    ['packages/core/src/a.test.ts', 'console.log(Date.now())\n'],
  ])
  assert.deepEqual(problems, [])
})

function check(files: [string, string][]): string[] {
  const tree = new Map([['packages/core/README.md', ''], ...files])
  return [...findUntidy(tree, { exists: () => false }), ...findUnusedExports(tree)]
}
