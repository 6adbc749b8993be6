// Checks that the hub is blind: nothing that it is built from could decrypt (rules: hub-bundle.ts).
import { bundleForScan, findSight } from './hub-bundle.ts'
import { root } from './test-files.ts'

const bundle = await bundleForScan(root, 'packages/hub/src/index.ts').catch((error: Error) => {
  console.log(`packages/hub cannot be bundled: ${error.message}`)
  process.exit(1)
})
const problems = findSight(bundle)
for (const problem of problems) console.log(`packages/hub: ${problem}`)
if (!bundle.modules.some((id) => id.startsWith('packages/core/src/wire/'))) {
  problems.push('the scan did not see the core: it proves nothing')
  console.log(problems.at(-1))
}
console.log(`hub bundle: ${bundle.modules.length} modules, ${bundle.text.length} bytes, ${problems.length} problems`)
process.exitCode = problems.length > 0 ? 1 : 0
