import { Session } from 'node:inspector/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env['KITH_PROFILES']

/** Runs it; with `KITH_PROFILES=FOLDER`, writes what this process's processor did meanwhile (open it in any browser's devtools). */
export const profiled = async <Result>(what: string, run: () => Result | Promise<Result>): Promise<Result> => {
  if (folder === undefined) return run()
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
  try {
    return await run()
  } finally {
    const { profile } = await session.post('Profiler.stop')
    session.disconnect()
    writeFileSync(join(folder, `${what}-${process.pid}.cpuprofile`), JSON.stringify(profile))
  }
}
