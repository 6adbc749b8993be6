/** `AccessStore` in PostgreSQL. What tokens buy is written with the log (`postgres-batch.ts`); everything else is rare, and small. */
import { equalBytes } from '@kith/core/bytes'
import {
  type AccessStore,
  type Drawn,
  judgeDraw,
  type MemberDraws,
  type MemberRow,
  spentPerPiece,
  type TokenKeyRow,
} from '../store/access-store.ts'
import { toStoreFailure } from './postgres-failure.ts'
import { failing } from './postgres-reads.ts'
import type { Postgres, Sql } from './postgres-pool.ts'
import { bytesToNumber, numbersToBytes } from './postgres-values.ts'

const uniqueViolation = '23505'

export function createPostgresAccess(sql: Postgres, redeem: AccessStore['redeem']): AccessStore {
  /** Two counts in one small row, which also puts those who count in order: keys, and members with invites. */
  async function counted<Result>(
    at: 0 | 1,
    change: (next: number, transaction: Sql) => Promise<{ result: Result; isUsed: boolean }>,
  ): Promise<Result> {
    const done = sql.begin(async (transaction) => {
      const [row] = await transaction<{ value: Uint8Array }[]>`
        UPDATE hub_meta SET value = value WHERE name = 'counts' RETURNING value`
      const counts = [bytesToNumber(row!.value, 0), bytesToNumber(row!.value, 1)]
      counts[at]! += 1
      const { result, isUsed } = await change(counts[at]!, transaction)
      if (isUsed) await transaction`UPDATE hub_meta SET value = ${numbersToBytes(...counts)} WHERE name = 'counts'`
      return result
    })
    return failing(done)
  }

  return {
    redeem,

    async keys() {
      const rows = await failing(
        sql<{ n: number; secret: Uint8Array; closes_ms: number; ends_ms: number }[]>`
          SELECT n, secret, closes_ms, ends_ms FROM hub_token_key ORDER BY n DESC`,
      )
      return rows.map(
        (row): TokenKeyRow => ({ n: row.n, secret: row.secret, closesMs: row.closes_ms, endsMs: row.ends_ms }),
      )
    },

    addKey: (key, nowMs) =>
      counted(0, async (n, transaction) => {
        const open = await transaction`SELECT 1 FROM hub_token_key WHERE closes_ms > ${nowMs}`
        const isUsed = open.length === 0
        if (isUsed)
          await transaction`INSERT INTO hub_token_key VALUES (${n}, ${key.secret}, ${key.closesMs}, ${key.endsMs})`
        return { result: undefined, isUsed }
      }),

    async dropKeys(nowMs) {
      await failing(sql`DELETE FROM hub_token_key WHERE ends_ms <= ${nowMs}`)
      await failing(sql`DELETE FROM hub_member WHERE key IS NULL AND until_ms <= ${nowMs}`)
      const dropped = await failing(sql`
        DELETE FROM hub_spent WHERE (period, nonce) IN
          (SELECT period, nonce FROM hub_spent WHERE period NOT IN (SELECT n FROM hub_token_key) LIMIT ${spentPerPiece})`)
      return dropped.count === spentPerPiece
    },

    invite: (codeHash, untilMs) =>
      counted(1, async (n, transaction) => {
        await transaction`
          INSERT INTO hub_member (n, code, until_ms, period, issued) VALUES (${n}, ${codeHash}, ${untilMs}, 0, 0)`
        return { result: n, isUsed: true }
      }),

    async join(codeHash, key, nowMs) {
      try {
        const joined = await sql`
          UPDATE hub_member SET key = ${key} WHERE code = ${codeHash} AND key IS NULL AND until_ms > ${nowMs}`
        if (joined.count === 1) return true
        const [row] = await sql<{ key: Uint8Array | null }[]>`SELECT key FROM hub_member WHERE code = ${codeHash}`
        return row !== undefined && row.key !== null && equalBytes(key, row.key)
      } catch (cause) {
        // A key that is a member by another invite.
        if ((cause as { code?: unknown }).code === uniqueViolation) return false
        throw toStoreFailure(cause)
      }
    },

    async draw(key, request): Promise<Drawn> {
      const done = sql.begin(async (transaction): Promise<Drawn> => {
        const [row] = await transaction<(MemberDraws & { n: number })[]>`
          SELECT n, period, issued, last FROM hub_member WHERE key = ${key} FOR UPDATE`
        const { drawn, issued } = judgeDraw(row, request)
        if (row !== undefined && issued !== undefined)
          await transaction`
            UPDATE hub_member SET period = ${request.period}, issued = ${issued}, last = ${request.digest} WHERE n = ${row.n}`
        return drawn
      })
      return failing(done)
    },

    async members() {
      const rows = await failing(
        sql<{ n: number; joined: boolean; until_ms: number }[]>`
          SELECT n, key IS NOT NULL AS joined, until_ms FROM hub_member ORDER BY n`,
      )
      return rows.map((row): MemberRow => ({ n: row.n, isJoined: row.joined, untilMs: row.until_ms }))
    },

    async remove(n) {
      return (await failing(sql`DELETE FROM hub_member WHERE n = ${n}`)).count === 1
    },
  }
}
