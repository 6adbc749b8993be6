/**
 * For tests: how much work something is, the same on each machine, however busy. Import it before what is measured: functions that have run before are
 * not counted well.
 */
import { type Profiler, Session } from 'node:inspector'

const session = new Session()
session.connect()
session.post('Profiler.enable')
session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })

/** Answers come before `post` returns. */
const take = (): Profiler.ScriptCoverage[] => {
  let result: Profiler.ScriptCoverage[] = []
  session.post('Profiler.takePreciseCoverage', (problem, taken) => {
    if (problem) throw problem
    ;({ result } = taken)
  })
  return result
}

/** How often functions and blocks of this package ran while `run` did. */
export const countWork = (run: () => void): number => {
  take()
  run()
  return take()
    .filter(({ url }) => url.includes('/packages/core/src/') && !/\.(test|fixture)\.ts$/.test(url))
    .flatMap(({ functions }) => functions.flatMap(({ ranges }) => ranges))
    .reduce((sum, { count }) => sum + count, 0)
}
