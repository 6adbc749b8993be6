// Checks that imports run only in the directions that the design allows (rules: arrows.ts).
import { findWrongArrows } from './arrow-graph.ts'
import { readSourceTree } from './source-tree.ts'
import { root } from './test-files.ts'

const tree = readSourceTree(root)
const problems = findWrongArrows(tree)
for (const problem of problems) console.log(problem)
console.log(`arrows: ${[...tree.keys()].filter((path) => path.endsWith('.ts')).length} files, ${problems.length} wrong`)
process.exitCode = problems.length > 0 ? 1 : 0
