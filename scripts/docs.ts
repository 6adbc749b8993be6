// `npm run docs [--dev]`: makes the site of the documentation in docs/dist, the API reference from the docstrings first. A
// link that leads nowhere ends it with status 1. `--dev` serves the pages instead, and shows what is edited.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './test-files.ts'

const docs = join(root, 'docs')
const isDev = process.argv.includes('--dev')

if (!existsSync(join(docs, 'node_modules'))) {
  console.error('The packages that make the site are not installed: npm run docs')
  process.exit(1)
}
run('typedoc/bin/typedoc')
run('vitepress/bin/vitepress.js', isDev ? 'dev' : 'build', '.')
if (!isDev) console.log(`docs: ${join('docs', 'dist', 'index.html')}`)

function run(program: string, ...parameters: string[]): void {
  const { status } = spawnSync(process.execPath, [join(docs, 'node_modules', program), ...parameters], {
    cwd: docs,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}
