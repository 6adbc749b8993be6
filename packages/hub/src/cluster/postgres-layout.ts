/**
 * The tables. Those of logs are keyed by the log first, so that a database of many machines can spread logs and
 * keep what belongs to one together. No sequence, no lock by name, no notification: CockroachDB and Citus have none that would serve.
 */

/** Written by this program; a database of a newer one is refused. */
export const layoutVersion = 2

/** Of a database that has no large entries on S3: what older programs make and take. */
export const layoutVersionBefore = 1

export const layout = [
  `CREATE TABLE IF NOT EXISTS hub_meta (name text PRIMARY KEY, value bytea NOT NULL)`,
  // next0 …: the number that the next entry of each lane gets. first: what is below is of an earlier log of that id, and no longer seen;
  // stale: there may be such. paid: room that tokens have bought. used_day: when the lease was last renewed; -1 for a log that has expired. Days are counted as in days.ts.
  `CREATE TABLE IF NOT EXISTS hub_log (
    log bytea PRIMARY KEY, kind smallint NOT NULL, used_day int NOT NULL, entries bigint NOT NULL, bytes bigint NOT NULL,
    first bigint NOT NULL, next0 bigint NOT NULL, next1 bigint NOT NULL, next2 bigint NOT NULL, next3 bigint NOT NULL,
    stale boolean NOT NULL, paid bigint NOT NULL) WITH (fillfactor = 70)`,
  `CREATE INDEX IF NOT EXISTS hub_log_by_day ON hub_log (used_day)`,
  `CREATE INDEX IF NOT EXISTS hub_log_stale ON hub_log (log) WHERE stale`,
  `CREATE TABLE IF NOT EXISTS hub_entry (
    log bytea NOT NULL, lane smallint NOT NULL, n bigint NOT NULL, size int NOT NULL, id bytea NOT NULL, outside bytea, bytes bytea NOT NULL,
    PRIMARY KEY (log, lane, n))`,
  `CREATE UNIQUE INDEX IF NOT EXISTS hub_entry_by_id ON hub_entry (log, id, lane)`,
  // Names of large entries that are being written to S3, and the day on which that began (shared-large.ts).
  `CREATE TABLE IF NOT EXISTS hub_intent (name bytea PRIMARY KEY, day int NOT NULL)`,
  // Entries that a trim, a covering pack or their age will drop.
  `CREATE TABLE IF NOT EXISTS hub_dropping (
    log bytea NOT NULL, id bytea NOT NULL, lane smallint NOT NULL, due_day int NOT NULL, PRIMARY KEY (log, id, lane))`,
  `CREATE INDEX IF NOT EXISTS hub_dropping_by_due ON hub_dropping (due_day)`,
  // For hubs that are not open to all. An invite while key is empty. period, issued, last: the tokens of the period, and the digest of
  // the request that was counted last.
  `CREATE TABLE IF NOT EXISTS hub_token_key (
    n bigint PRIMARY KEY, secret bytea NOT NULL, closes_ms bigint NOT NULL, ends_ms bigint NOT NULL)`,
  `CREATE TABLE IF NOT EXISTS hub_spent (period bigint NOT NULL, nonce bytea NOT NULL, PRIMARY KEY (period, nonce))`,
  `CREATE TABLE IF NOT EXISTS hub_member (
    n bigint PRIMARY KEY, code bytea NOT NULL UNIQUE, key bytea UNIQUE, until_ms bigint NOT NULL, period bigint NOT NULL,
    issued bigint NOT NULL, last bytea)`,
]

/** Of databases that were made before there were large entries elsewhere. Asked first: even a change that changes nothing waits for everybody. */
export const hasOutside = `SELECT FROM information_schema.columns
  WHERE table_schema = current_schema() AND table_name = 'hub_entry' AND column_name = 'outside'`
export const addOutside = 'ALTER TABLE hub_entry ADD COLUMN IF NOT EXISTS outside bytea'

/** After the column. `outside`: empty for what lies here. */
export const outsideIndex =
  'CREATE INDEX IF NOT EXISTS hub_entry_outside ON hub_entry (outside) WHERE outside IS NOT NULL'
