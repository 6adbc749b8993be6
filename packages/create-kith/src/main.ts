#!/usr/bin/env node
import { relative, resolve } from 'node:path'
import { createApp, CreateError } from './create-app.ts'
import { findPackages } from './packages.ts'

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const [name, ...more] = process.argv.slice(2)

if (name === undefined || more.length > 0 || name.startsWith('-')) {
  say('npm create kith my-app\n  makes an app in the new folder my-app.')
  process.exitCode = name === '--help' || name === '-h' ? 0 : 1
} else {
  // Where npm was started, which may be deeper than the package that it found.
  const start = process.env['INIT_CWD'] ?? process.cwd()
  const folder = resolve(start, name)
  try {
    createApp({ folder, packages: await findPackages(say) })
    say(`Made ${folder}. Now:\n\n  cd ${relative(start, folder)}\n  npm install\n  npm run dev\n`)
  } catch (error) {
    if (!(error instanceof CreateError)) throw error
    process.stderr.write(`create-kith: ${error.message}\n`)
    process.exitCode = 1
  }
}
