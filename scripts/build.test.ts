import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findSourceNames } from './built.ts'
import { toPublishedManifest } from './published-manifest.ts'

test('a published manifest names built files only', () => {
  const published = toPublishedManifest({
    name: '@kith/x',
    version: '1.0.0',
    exports: { '.': './src/index.ts', './bytes': './src/bytes/index.ts' },
    bin: { x: './src/command/main.ts' },
    devDependencies: { y: '1' },
    dependencies: { z: '1' },
  })
  assert.deepEqual(published, {
    name: '@kith/x',
    version: '1.0.0',
    dependencies: { z: '1' },
    engines: { node: '>=24' },
    exports: {
      '.': { types: './index.d.ts', default: './index.js' },
      './bytes': { types: './bytes/index.d.ts', default: './bytes/index.js' },
      './package.json': './package.json',
    },
    bin: { x: './command/main.js' },
  })
})

test('a manifest that names something else than a source is refused', () => {
  assert.throws(
    () => toPublishedManifest({ name: 'x', version: '1', exports: { '.': './lib/x.js' } }),
    /names \.\/lib\/x\.js/,
  )
})

test('built code that still names a source file is found', () => {
  assert.equal(findSourceNames('a.js', "new Worker(new URL('./worker.ts', import.meta.url))").length, 1)
  assert.deepEqual(findSourceNames('a.js', "import './a.js'\nconst x = 'notes.ts'"), [])
})
