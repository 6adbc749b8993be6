/** For tests: where the hubs of a test keep things. The same tests run on SQLite and, from cluster/behaviour.test.ts, on PostgreSQL. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { HubOptions } from '../hub.ts'

export type TestStorage = HubOptions['storage']

let makeShared: (() => Promise<TestStorage>) | undefined

/** From now on each storage is made by `make`. */
export function useSharedStorage(make: () => Promise<TestStorage>): void {
  makeShared = make
}

/** For the tests of what only files do. */
export const onlyFiles = (): { skip: string | false } => ({
  skip: makeShared === undefined ? false : 'a hub on PostgreSQL has no files',
})

/** Empty. One that lasts keeps what a hub leaves for the next. */
export async function createTestStorage(context: TestContext, lasts = false): Promise<TestStorage> {
  if (makeShared !== undefined) return makeShared()
  if (!lasts) return ':memory:'
  const folder = mkdtempSync(join(tmpdir(), 'kith-hub-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'hub.db')
}
