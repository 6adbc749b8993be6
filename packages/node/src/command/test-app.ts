import type { Command } from './output.ts'
import { runProgram } from './program.ts'

/** `kith test [FILE…]`: Node's own test runner, on the app's TypeScript as it is. */
export const runTest: Command = async (parameters) => {
  const hasFiles = parameters.some((parameter) => !parameter.startsWith('-'))
  return runProgram(process.execPath, ['--test', ...parameters, ...(hasFiles ? [] : ['src/**/*.test.ts'])])
}
