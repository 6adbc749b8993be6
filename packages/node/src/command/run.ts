import { KithError } from '@kith/core/bytes'
import { helpText } from './help.ts'
import { type Command, type Output, UsageError } from './output.ts'

/** Loaded when it is asked for: a hub starts twice as fast without the engine of the other commands. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  dev: async () => (await import('./dev.ts')).runDev,
  generate: async () => (await import('./generate/generate.ts')).runGenerate,
  hub: async () => (await import('./hub.ts')).runHub,
  import: async () => (await import('./import.ts')).runImport,
  inspect: async () => (await import('./inspect.ts')).runInspect,
  join: async () => (await import('./join.ts')).runJoin,
  query: async () => (await import('./query.ts')).runQuery,
  status: async () => (await import('./status.ts')).runStatus,
  test: async () => (await import('./test-app.ts')).runTest,
}

/** Runs `kith` with these parameters and resolves with its exit status: 0, or 1 after one line on what went wrong. */
export const runCommand = async ([name, ...parameters]: string[], output: Output): Promise<number> => {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help' || parameters.includes('--help')) {
    output.print(helpText)
    return 0
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined
  try {
    if (load === undefined) throw new UsageError(`There is no command "${name}".`)
    const command = await load()
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
