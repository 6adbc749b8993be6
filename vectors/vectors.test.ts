import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createBrowserCompression } from '../packages/browser/src/platform/compression.ts'
import { createBrowserCrypto } from '../packages/browser/src/platform/crypto.ts'
import { loadSodiumFile } from '../packages/browser/src/testing/sodium-file.ts'
import { createNodeCompression } from '../packages/node/src/platform/compression.ts'
import { createNodeCrypto } from '../packages/node/src/platform/crypto.ts'
import { makeSection, sectionUrl } from './make.ts'
import { sections } from './sections/index.ts'

const platforms = {
  Node: { crypto: await createNodeCrypto(), compression: createNodeCompression() },
  browser: { crypto: await createBrowserCrypto(() => loadSodiumFile()), compression: createBrowserCompression() },
}

for (const section of sections) {
  const text = readFileSync(sectionUrl(section), 'utf8')

  test(`vectors/${section.name}.json is what the code writes now`, async () => {
    assert.equal(await makeSection(section), text)
  })

  for (const [name, tools] of Object.entries(platforms)) {
    test(`vectors/${section.name}.json holds on the ${name} platform`, () =>
      section.check(JSON.parse(text) as never, tools))
  }
}
