import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type Kith, openKith } from '../index.ts'

/** A folder that goes when the test ends. */
export const createFolder = (context: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'kith-api-'))
  context.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A person without a network, closed when the test ends. */
export const openPerson = async (context: TestContext, path = createFolder(context)): Promise<Kith> => {
  const kith = await openKith({ path, name: 'Alice' })
  context.after(() => kith.close())
  return kith
}

/** For assert.rejects: the stable code is what callers rely on. */
export const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    (error as { code?: unknown }).code === code
