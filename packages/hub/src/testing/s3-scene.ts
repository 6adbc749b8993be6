/** For tests: what the tests of hubs on S3 share. Each file has a service and a PostgreSQL of its own. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { type Hub, type HubOptions, startHub } from '../hub.ts'
import type { S3Options } from '../s3/options.ts'
import { dayMs } from '../store/days.ts'
import type { TestClock } from './clock.ts'
import { startS3 } from './s3.ts'
import { startPostgres } from './servers.ts'

export type TestStore = {
  readonly name: 'SQLite' | 'PostgreSQL'
  readonly create: (context: TestContext) => Promise<HubOptions['storage']>
}

/** Ended after the tests of the file. */
export async function startServices() {
  // Nothing here cuts the power.
  const [service, postgres] = [await startS3(), await startPostgres({ fsync: 'off' })]
  after(() => Promise.all([service.stop(), postgres.stop()]))
  const stores: readonly TestStore[] = [
    { name: 'SQLite', create: async (context) => join(folderOf(context), 'hub.db') },
    { name: 'PostgreSQL', create: async () => ({ postgres: await postgres.createDatabase() }) },
  ]
  /** Large entries that lie there. */
  const objects = async (options: S3Options) => (await service.names(options)).filter((name) => objectName.test(name))
  return { service, stores, objects }
}

export const objectName = /^[0-9a-f]{32}$/

export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 20))
}

export function folderOf(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export async function start(context: TestContext, options: HubOptions): Promise<Hub> {
  const hub = await startHub(options)
  context.after(() => hub.close())
  return hub
}

export async function startProcess(context: TestContext, storage: HubOptions['storage'], s3: S3Options) {
  const said = typeof storage === 'string' ? storage : JSON.stringify(storage)
  const child: ChildProcess = fork(new URL('./hub-process.ts', import.meta.url), [said, '{}', JSON.stringify(s3)])
  context.after(() => child.kill('SIGKILL'))
  const [{ url }] = (await once(child, 'message')) as [{ url: string }]
  return {
    url,
    async kill() {
      const gone = once(child, 'exit')
      child.kill('SIGKILL')
      await gone
    },
  }
}

/** As a hub lives through them: it looks each day what is due. */
export async function passDays(hub: Hub, clock: TestClock, count: number): Promise<void> {
  for (let day = 0; day < count; day += 1) {
    clock.advance(dayMs)
    await hub.tidy()
  }
}
