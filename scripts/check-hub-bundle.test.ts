import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { bundleForScan, findSight } from './hub-bundle.ts'

/** Bundles packages/hub/src/index.ts of a made-up project. */
async function scan(files: Record<string, string>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'kith-bundle-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, path, '..'), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return findSight(await bundleForScan(root, 'packages/hub/src/index.ts'))
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

test('a hub that imports only the wire is blind', async () => {
  const problems = await scan({
    'packages/hub/src/index.ts':
      "// says libsodium\nimport { frame } from '../../core/src/wire/index.ts'\nexport const hub = frame",
    'packages/core/src/wire/index.ts': 'export const frame = 1',
  })
  assert.deepEqual(problems, [])
})

test('a module that could decrypt is found however deep it is, and unused', async () => {
  const problems = await scan({
    'packages/hub/src/index.ts': "import { frame } from '../../core/src/wire/index.ts'\nexport const hub = frame",
    'packages/core/src/wire/index.ts': "import '../keys/epoch.ts'\nexport const frame = 1",
    'packages/core/src/keys/epoch.ts': 'const unused = 1',
  })
  assert.deepEqual(problems, ['holds the module packages/core/src/keys/epoch.ts'])
})

test('copied code is found by its words', async () => {
  const problems = await scan({
    'packages/hub/src/index.ts': 'export const open = (c: any) => c.crypto_aead_open(c.readSecret)',
  })
  assert.deepEqual(problems, ['holds the text "crypto_aead"', 'holds the text "readSecret"'])
})
