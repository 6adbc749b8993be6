/** `node vectors/write.ts`: writes every section's file. A vector that changes is a new version of the protocol. */
import { writeFileSync } from 'node:fs'
import { makeSection, sectionUrl } from './make.ts'
import { sections } from './sections/index.ts'

for (const section of sections) {
  const text = await makeSection(section)
  writeFileSync(sectionUrl(section), text)
  console.log(`vectors/${section.name}.json: ${text.length} bytes`)
}
