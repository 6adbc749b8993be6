// Checks the habits that a machine can check (rules: tidy.ts). `--exports` lists what nothing else uses, too.
import { readSourceTree } from './source-tree.ts'
import { root } from './test-files.ts'
import { findUntidy, findUnusedExports, optionsFor } from './tidy.ts'

const tree = readSourceTree(root)
const problems = findUntidy(tree, optionsFor(root))
const unused = findUnusedExports(tree)
for (const line of process.argv.includes('--exports') ? [...unused, ...problems] : problems) console.log(line)
console.log(
  `tidy: ${tree.size} files, ${problems.length} untidy, ${unused.length} exports without a user (--exports lists them)`,
)
process.exitCode = problems.length > 0 ? 1 : 0
