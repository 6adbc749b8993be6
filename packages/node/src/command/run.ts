import { KithError } from '@kith/core/bytes'
import { runDev } from './dev.ts'
import { runGenerate } from './generate/generate.ts'
import { helpText } from './help.ts'
import { runHub } from './hub.ts'
import { runImport } from './import.ts'
import { runInspect } from './inspect.ts'
import { runJoin } from './join.ts'
import { type Command, type Output, UsageError } from './output.ts'
import { runQuery } from './query.ts'
import { runStatus } from './status.ts'
import { runTest } from './test-app.ts'

const commands: Readonly<Record<string, Command>> = {
  dev: runDev,
  generate: runGenerate,
  hub: runHub,
  import: runImport,
  inspect: runInspect,
  join: runJoin,
  query: runQuery,
  status: runStatus,
  test: runTest,
}

/** Runs `kith` with these parameters and resolves with its exit status: 0, or 1 after one line on what went wrong. */
export const runCommand = async ([name, ...parameters]: string[], output: Output): Promise<number> => {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help' || parameters.includes('--help')) {
    output.print(helpText)
    return 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  try {
    if (command === undefined) throw new UsageError(`There is no command "${name}".`)
    return await command(parameters, output)
  } catch (error) {
    output.printError(`kith: ${describe(error)}`)
    return 1
  }
}

/** One line for what can be expected; a defect of Kith keeps its stack, for whoever is to mend it. */
const describe = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')) {
    return `${firstLine(error.message)} See: kith --help`
  }
  if (error instanceof KithError) return `${firstLine(error.message)} [${error.code}]`
  // Of the operating system: a file that is not there, a port in use.
  if (code !== undefined && 'syscall' in error) return firstLine(error.message)
  return error.stack ?? error.message
}

const firstLine = (text: string): string => text.split('\n')[0] ?? text
