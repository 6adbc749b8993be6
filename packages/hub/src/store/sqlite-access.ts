/** `AccessStore` in the hub's SQLite file, written in the same groups as entries. */
import type { DatabaseSync } from 'node:sqlite'
import { equalBytes } from '@kith/core/bytes'
import {
  type AccessStore,
  type DrawRequest,
  type Drawn,
  judgeDraw,
  type MemberDraws,
  type MemberRow,
  spentPerPiece,
  type TokenKeyRow,
} from './access-store.ts'
import type { LogName } from './entry-store.ts'
import { failing } from './group-commit.ts'

export type SqliteAccess = AccessStore & {
  /** Bytes of a log that were paid for. */
  readonly room: (pk: number) => number
  /** In an open group: the log is gone. */
  readonly forgetRoom: (pk: number) => void
}

/** `write` runs in the open group; `makeLog` there makes sure that a log exists, and gives its number. */
export function createSqliteAccess(
  database: DatabaseSync,
  write: (change: () => void) => Promise<void>,
  makeLog: (log: LogName) => number,
): SqliteAccess {
  const keys = database.prepare(
    'SELECT n, secret, closes_ms AS closesMs, ends_ms AS endsMs FROM token_key ORDER BY n DESC',
  )
  const isOpen = database.prepare('SELECT 1 FROM token_key WHERE closes_ms > ?')
  const insertKey = database.prepare('INSERT INTO token_key (secret, closes_ms, ends_ms) VALUES (?, ?, ?)')
  const endKeys = database.prepare('DELETE FROM token_key WHERE ends_ms <= ?')
  const endInvites = database.prepare('DELETE FROM member WHERE key IS NULL AND until_ms <= ?')
  const dropSpent = database.prepare(`DELETE FROM spent WHERE (period, nonce) IN
    (SELECT period, nonce FROM spent WHERE period NOT IN (SELECT n FROM token_key) LIMIT ${spentPerPiece})`)
  const spend = database.prepare('INSERT OR IGNORE INTO spent VALUES (?, ?)')
  const pay = database.prepare(
    'INSERT INTO paid VALUES (?, ?) ON CONFLICT DO UPDATE SET bytes = min(bytes + excluded.bytes, 9007199254740991)',
  )
  const room = database.prepare('SELECT bytes FROM paid WHERE log = ?')
  const forget = database.prepare('DELETE FROM paid WHERE log = ?')
  const invite = database.prepare('INSERT INTO member (code, until_ms, period, issued) VALUES (?, ?, 0, 0)')
  const invited = database.prepare('SELECT n, key, until_ms FROM member WHERE code = ?')
  const join = database.prepare('UPDATE OR IGNORE member SET key = ? WHERE n = ? AND key IS NULL')
  const member = database.prepare('SELECT n, period, issued, last FROM member WHERE key = ?')
  const count = database.prepare('UPDATE member SET period = ?, issued = ?, last = ? WHERE n = ?')
  const members = database.prepare('SELECT n, key IS NOT NULL AS joined, until_ms FROM member ORDER BY n')
  const remove = database.prepare('DELETE FROM member WHERE n = ?')

  /** Runs in the open group; resolves with its result when that is on disk. */
  async function written<Result>(change: () => Result): Promise<Result> {
    let result: Result
    await write(() => {
      result = change()
    })
    return result!
  }

  function countDraw(key: Uint8Array, request: DrawRequest): Drawn {
    const row = member.get(key) as (MemberDraws & { n: number }) | undefined
    const { drawn, issued } = judgeDraw(row, request)
    if (row !== undefined && issued !== undefined) count.run(request.period, issued, request.digest, row.n)
    return drawn
  }

  return {
    room: (pk) => (room.get(pk) as { bytes: number } | undefined)?.bytes ?? 0,
    forgetRoom: (pk) => void forget.run(pk),

    keys: async () => failing(() => keys.all() as TokenKeyRow[]),
    addKey: (key, nowMs) =>
      written(() => {
        if (isOpen.get(nowMs) === undefined) insertKey.run(key.secret, key.closesMs, key.endsMs)
      }),
    dropKeys: (nowMs) =>
      written(() => {
        endKeys.run(nowMs)
        endInvites.run(nowMs)
        return dropSpent.run().changes === spentPerPiece
      }),
    redeem: (log, spends, roomBytes) =>
      written(() => {
        const fresh = spends.map(({ period, nonce }) => spend.run(period, nonce).changes === 1)
        const bought = fresh.filter(Boolean).length
        if (bought > 0) pay.run(makeLog(log), Math.min(bought * roomBytes, Number.MAX_SAFE_INTEGER))
        return fresh
      }),
    invite: (codeHash, untilMs) => written(() => Number(invite.run(codeHash, untilMs).lastInsertRowid)),
    join: (codeHash, key, nowMs) =>
      written(() => {
        const row = invited.get(codeHash) as { n: number; key: Uint8Array | null; until_ms: number } | undefined
        if (row === undefined) return false
        if (row.key !== null) return equalBytes(key, row.key)
        return row.until_ms > nowMs && join.run(key, row.n).changes === 1
      }),
    draw: (key, request) => written(() => countDraw(key, request)),
    members: async () =>
      failing(() =>
        (members.all() as { n: number; joined: number; until_ms: number }[]).map(
          ({ n, joined, until_ms }): MemberRow => ({ n, isJoined: joined === 1, untilMs: until_ms }),
        ),
      ),
    remove: (n) => written(() => remove.run(n).changes === 1),
  }
}
