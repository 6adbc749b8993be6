import { spawn } from 'node:child_process'
import { constants } from 'node:os'

/** Runs a program in this terminal until it ends; signals go on to it. Resolves with its exit status. */
export const runProgram = (
  command: string,
  parameters: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<number> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, parameters, {
      stdio: 'inherit',
      env: { ...process.env, ...environment },
      // There, npm's programs are scripts of the shell.
      shell: process.platform === 'win32',
    })
    const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
      // Ctrl-C reaches it from the terminal by itself; we only must not end before it.
      const listener = (): void => void (signal === 'SIGINT' || child.kill(signal))
      process.on(signal, listener)
      return { signal, listener }
    })
    const end = (): void => listeners.forEach(({ signal, listener }) => process.off(signal, listener))
    child.on('error', (error) => {
      end()
      reject(error)
    })
    child.on('exit', (code, signal) => {
      end()
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0))
    })
  })
