import { createHubService } from '../service.ts'
import { openSqlite } from '../store/sqlite-open.ts'
import { createSqliteStorage } from '../store/sqlite-storage.ts'
import type { Members } from './invite.ts'

/**
 * The members of a hub that is not running, by its SQLite file.
 *
 * @throws KithError `storage-busy` if it is running, and as `startHub`.
 */
export async function openMembers(
  path: string,
  inviteDays: number,
): Promise<{ readonly members: Members; readonly close: () => Promise<void> }> {
  const storage = createSqliteStorage(openSqlite(path, undefined), undefined)
  const { members, context } = createHubService({ storage, access: { inviteDays } })
  return { members, close: context.store.close }
}
