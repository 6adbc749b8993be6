#!/usr/bin/env node
import * as modules from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { handOver } from './node-24.ts'

// Whoever read us has seen enough: `kith query … | head`.
process.stdout.on('error', () => process.exit(0))

const parameters = process.argv.slice(2)
process.exitCode = (await handOver(fileURLToPath(import.meta.url), parameters)) ?? (await run())

async function run(): Promise<number> {
  // What was compiled once is kept for the next start, which is twice as fast; in a folder of the user's own, for it is code that will be run.
  modules.enableCompileCache(join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'kith'))
  // Not before: what it imports needs that Node.
  const { runCommand } = await import('./run.ts')
  return runCommand(parameters, {
    print: (text) => void process.stdout.write(`${text}\n`),
    printError: (text) => void process.stderr.write(`${text}\n`),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  })
}
