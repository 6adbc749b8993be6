#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { handOver } from './node-24.ts'

// Whoever read us has seen enough: `kith query … | head`.
process.stdout.on('error', () => process.exit(0))

const parameters = process.argv.slice(2)
process.exitCode = (await handOver(fileURLToPath(import.meta.url), parameters)) ?? (await run())

async function run(): Promise<number> {
  // Not before: what it imports needs that Node.
  const { runCommand } = await import('./run.ts')
  return runCommand(parameters, {
    print: (text) => void process.stdout.write(`${text}\n`),
    printError: (text) => void process.stderr.write(`${text}\n`),
    columns: process.stdout.isTTY ? process.stdout.columns : undefined,
  })
}
