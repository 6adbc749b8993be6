import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findWrongArrows } from './arrow-graph.ts'

const manifests: [string, string][] = [
  ['package.json', '{"devDependencies":{"fast-check":"1"}}'],
  [
    'packages/core/package.json',
    '{"exports":{".":"a","./bytes":"b","./keys":"c","./ports":"d"},"dependencies":{"yjs":"1"}}',
  ],
  ['packages/hub/package.json', '{"exports":{".":"a"},"dependencies":{"@kith/core":"1"}}'],
]
const doors: [string, string][] = ['bytes', 'wire', 'keys', 'ports', 'crypto/seal'].flatMap((layer) => [
  [`packages/core/src/${layer}/index.ts`, ''],
  [`packages/core/src/${layer}/part.ts`, ''],
  [`packages/core/src/${layer}/sub/index.ts`, ''],
  [`packages/core/src/${layer}/x.conformance.ts`, ''],
])

/** What the check says of one file in an otherwise correct tree. */
function problemsOf(path: string, source: string): string[] {
  return findWrongArrows(new Map([...manifests, ...doors, [path, source]]))
}

const wrong: [sentence: string, path: string, source: string, says: RegExp][] = [
  [
    'a layer may not import a higher one',
    'packages/core/src/wire/a.ts',
    "import { x } from '../keys/index.ts'",
    /upwards: wire is below keys/,
  ],
  [
    'a type import upwards is an arrow too',
    'packages/core/src/wire/a.ts',
    "import type { X } from '../keys/index.ts'",
    /upwards/,
  ],
  [
    'an inline import type upwards is an arrow too',
    'packages/core/src/wire/a.ts',
    "type X = import('../keys/index.ts').X",
    /upwards/,
  ],
  [
    'a dynamic import upwards is an arrow too',
    'packages/core/src/wire/a.ts',
    "await import('../keys/index.ts')",
    /upwards/,
  ],
  ['a re-export upwards is an arrow too', 'packages/core/src/wire/a.ts', "export * from '../keys/index.ts'", /upwards/],
  [
    'layers are entered by their door',
    'packages/core/src/keys/a.ts',
    "import { x } from '../wire/part.ts'",
    /past the door of wire/,
  ],
  [
    'a folder does not import its own door',
    'packages/core/src/wire/a.ts',
    "import { x } from './index.ts'",
    /own door/,
  ],
  [
    'ports are imported as types only',
    'packages/core/src/wire/a.ts',
    "import { x } from '../ports/index.ts'",
    /types only/,
  ],
  ['the core knows no Node', 'packages/core/src/wire/a.ts', "import fs from 'node:fs'", /runs without Node/],
  ['Node is written with its prefix', 'packages/hub/src/a.ts', "import fs from 'fs'", /node:fs/],
  ['the hub cannot import keys', 'packages/hub/src/a.ts', "import { x } from '@kith/core/keys'", /blind/],
  ['the hub cannot import the whole core', 'packages/hub/src/a.ts', "import { x } from '@kith/core'", /blind/],
  ['the core knows no hub', 'packages/core/src/wire/a.ts', "import { x } from '@kith/hub'", /core may not know hub/],
  [
    'packages are entered by name',
    'packages/hub/src/a.ts',
    "import { x } from '../../core/src/bytes/index.ts'",
    /import @kith\/core/,
  ],
  [
    'a door that is not exported is refused',
    'packages/hub/src/a.ts',
    "import { x } from '@kith/core/none'",
    /not exported/,
  ],
  [
    'an undeclared dependency is refused',
    'packages/hub/src/a.ts',
    "import * as Y from 'yjs'",
    /not in the dependencies/,
  ],
  ['a missing file is refused', 'packages/core/src/wire/a.ts', "import { x } from './none.ts'", /no such file/],
  ['a computed import is refused', 'packages/hub/src/a.ts', 'await import(name)', /computed name/],
  [
    'a folder that is no layer is refused',
    'packages/core/src/utils/a.ts',
    "import { x } from '../wire/index.ts'",
    /not a layer/,
  ],
]

for (const [sentence, path, source, says] of wrong) {
  test(sentence, () => {
    const problems = problemsOf(path, source)
    assert.equal(problems.length, 1, problems.join('\n'))
    assert.match(problems[0] ?? '', says)
  })
}

test('right arrows are let through', () => {
  const right: [string, string][] = [
    [
      'packages/core/src/keys/a.ts',
      "import { x } from '../wire/index.ts'\nimport { y } from '../crypto/seal/index.ts'",
    ],
    ['packages/core/src/bytes/a.ts', "import type { X } from '../ports/index.ts'"],
    [
      'packages/core/src/wire/a.test.ts',
      "import test from 'node:test'\nimport { x } from '../keys/index.ts'\nimport fc from 'fast-check'",
    ],
    [
      'packages/hub/src/a.ts',
      "import { x } from '@kith/core/bytes'\nimport type { P } from '@kith/core/ports'\nimport 'node:fs'",
    ],
    ['packages/hub/src/a.test.ts', "import { c } from '../../core/src/ports/x.conformance.ts'"],
    ['packages/core/src/keys/c.ts', "import { part } from './sub/index.ts'"],
    ['packages/core/src/keys/b.ts', "import * as Y from 'yjs'"],
    ['examples/x/main.ts', "import { x } from '@kith/core'\nimport { startHub } from '@kith/hub'"],
  ]
  for (const [path, source] of right) assert.deepEqual(problemsOf(path, source), [], path)
})

test('a folder inside a layer is not a door of the layer', () => {
  const problems = problemsOf('packages/core/src/keys/a.ts', "import { x } from '../wire/sub/index.ts'")
  assert.match(problems[0] ?? '', /past the door of wire/)
})

test('a cycle of imports is found', () => {
  const tree = new Map([
    ...manifests,
    ['packages/core/src/wire/a.ts', "import { b } from './b.ts'"] as const,
    ['packages/core/src/wire/b.ts', "export { c } from './c.ts'"] as const,
    ['packages/core/src/wire/c.ts', "import { a } from './a.ts'"] as const,
  ])
  const problems = findWrongArrows(tree)
  assert.equal(problems.length, 1)
  assert.match(problems[0] ?? '', /^import cycle: .*a\.ts → .*b\.ts → .*c\.ts → .*a\.ts$/)
})
