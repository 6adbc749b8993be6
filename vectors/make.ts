/** The text of a section's file, the same on every run. */
import { createNodeCompression } from '../packages/node/src/platform/compression.ts'
import { createNodeCrypto } from '../packages/node/src/platform/crypto.ts'
import type { Section } from './sections/section.ts'

export async function makeSection(section: Section): Promise<string> {
  const crypto = await createNodeCrypto()
  let drawn = 0
  const randomBytes = (length: number): Uint8Array => new Uint8Array(length).map(() => (drawn++ % 251) + 1)
  const vectors = section.make({ crypto: { ...crypto, randomBytes }, compression: createNodeCompression() })
  return `${JSON.stringify(vectors, undefined, 1)}\n`
}

export function sectionUrl(section: Section): URL {
  return new URL(`./${section.name}.json`, import.meta.url)
}
