import { nodeClock } from '../node-clock.ts'
import { random } from '../node-crypto.ts'
import { dayMs } from '../store/days.ts'
import { openSqlite } from '../store/sqlite-open.ts'
import { createSqliteStorage } from '../store/sqlite-storage.ts'
import { defaultLimits } from '../limits/hub-limits.ts'
import { createMembers, type Members } from './invite.ts'

/**
 * The members of a hub that is not running, by its SQLite file.
 *
 * @throws KithError `storage-busy` if it is running, and as `startHub`.
 */
export async function openMembers(
  path: string,
  inviteDays: number,
): Promise<{ readonly members: Members; readonly close: () => Promise<void> }> {
  const { identity, store } = createSqliteStorage(openSqlite(path, undefined), undefined).start({
    ...defaultLimits,
    wantsTokens: false,
    wallDay: Math.floor(nodeClock.now() / dayMs),
    trimDays: 30,
    random,
    soon: nodeClock.soon,
    failed() {},
  })
  return { members: createMembers(store.access, identity.publicKey, inviteDays, nodeClock.now), close: store.close }
}
