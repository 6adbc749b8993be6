import { KithError } from '../bytes/index.ts'
import type { SqlDatabase } from '../ports/index.ts'

/** Version of the tables below. A database of a later one is never written to; one of an earlier one is brought up to it. */
export const layoutVersion = 2

/**
 * What this version can read of a space's history. Raise it with each column type, op, kind of change or rule that a version learns: what
 * was held back or left out for want of it is then taken once more, when the space is opened.
 */
const understanding = 1

/**
 * One database holds a person's spaces of all apps. `segment`, `hub`, `cursor`, `outbox`, `parcel` and `secret` are the
 * truth; all other tables, and the apps' own, can be rebuilt from segments.
 */
const layout = `
-- Our own facts: layout version, device keys, clock.
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- Spaces, ours and the person spaces carried in them. \`n\` is their short local number, \`settled\` how many membership changes content was judged by.
CREATE TABLE space (
  n INTEGER PRIMARY KEY, id KITH_ID_BLOB NOT NULL UNIQUE, app TEXT NOT NULL, kind TEXT NOT NULL, last_change INTEGER NOT NULL DEFAULT 0,
  settled INTEGER NOT NULL DEFAULT 0
);

-- One device's run of membership (0) or content (1) changes in a space.
CREATE TABLE chain (
  n INTEGER PRIMARY KEY, space INTEGER NOT NULL, device BLOB NOT NULL, class INTEGER NOT NULL, UNIQUE (space, device, class)
) STRICT;

-- The only copy of history. \`change\` is the local number of the first change in it; the others follow.
-- \`own\`: this database wrote it, and did not get it back from elsewhere.
CREATE TABLE segment (
  change INTEGER PRIMARY KEY, chain INTEGER NOT NULL, seq INTEGER NOT NULL, count INTEGER NOT NULL,
  own INTEGER NOT NULL, unpacked INTEGER NOT NULL, last BLOB NOT NULL, epoch BLOB NOT NULL, bytes BLOB NOT NULL
) STRICT;
CREATE INDEX segment_chain ON segment (chain, seq);

-- Person changes travel with the spaces that the person is in.
CREATE TABLE carried (space INTEGER NOT NULL, person INTEGER NOT NULL, PRIMARY KEY (space, person)) STRICT, WITHOUT ROWID;
CREATE INDEX carried_person ON carried (person);

-- Content changes that no known change follows: what the next change names in \`deps\`.
CREATE TABLE frontier (space INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (space, hash)) STRICT, WITHOUT ROWID;

-- Short numbers for the columns of all apps; column '' is the row itself (deletes and restores).
CREATE TABLE numbered_column (n INTEGER PRIMARY KEY, app TEXT NOT NULL, tbl TEXT NOT NULL, col TEXT NOT NULL, UNIQUE (app, tbl, col)) STRICT;

-- Every write to a cell except those of the insert that made the row.
CREATE TABLE cell (
  space INTEGER NOT NULL, row BLOB NOT NULL, col INTEGER NOT NULL, time BLOB NOT NULL, change INTEGER NOT NULL, op INTEGER NOT NULL,
  value ANY, PRIMARY KEY (space, row, col, time, change, op)
) STRICT, WITHOUT ROWID;

-- Rows that have cells, or that changes wait for, and no insert yet. \`tbl\` is the table's numbered column ''.
CREATE TABLE orphan (space INTEGER NOT NULL, row BLOB NOT NULL, tbl INTEGER NOT NULL, PRIMARY KEY (space, row, tbl)) STRICT, WITHOUT ROWID;

-- Changes that wait: for a hash, a row, or our clock. In history, without effect.
CREATE TABLE waiting (change INTEGER PRIMARY KEY, space INTEGER NOT NULL, need BLOB, due INTEGER, reason TEXT NOT NULL) STRICT;
CREATE INDEX waiting_need ON waiting (need);

-- Rows that two changes insert, and rows that changes without effect would have inserted: see twins.ts.
CREATE TABLE twin (space INTEGER NOT NULL, tbl INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY (space, tbl, row)) STRICT, WITHOUT ROWID;
CREATE TABLE claim (space INTEGER NOT NULL, tbl INTEGER NOT NULL, row BLOB NOT NULL, change INTEGER NOT NULL,
  PRIMARY KEY (space, tbl, row, change)) STRICT, WITHOUT ROWID;
CREATE INDEX claim_change ON claim (change);

-- Changes with a verdict against them: in history, without effect, explained. With \`claims\` they take part among twins all the same.
CREATE TABLE held (change INTEGER PRIMARY KEY, space INTEGER NOT NULL, code TEXT NOT NULL, reason TEXT NOT NULL, claims INTEGER NOT NULL) STRICT;
CREATE INDEX held_space ON held (space);

-- Rows that a verdict was settled by, of changes that wrote nothing to them: those without effect, and re-issues.
CREATE TABLE leaning (space INTEGER NOT NULL, row BLOB NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (space, row, change)) STRICT, WITHOUT ROWID;
CREATE INDEX leaning_change ON leaning (change);

-- Re-issues that are allowed, by the hash of the change that they give effect to.
CREATE TABLE reissue (space INTEGER NOT NULL, target BLOB NOT NULL, change INTEGER NOT NULL, PRIMARY KEY (space, target, change)) STRICT, WITHOUT ROWID;

-- Names that people gave: the space (person = empty) and themselves. The last write shows; the others do where it is taken back.
CREATE TABLE label (
  space INTEGER NOT NULL, person BLOB NOT NULL, time BLOB NOT NULL, change INTEGER NOT NULL, op INTEGER NOT NULL, text TEXT NOT NULL, picture BLOB,
  PRIMARY KEY (space, person, time, change, op)
) STRICT, WITHOUT ROWID;

-- A text's document with all its ops of changes below \`through\`: a cache.
CREATE TABLE text_snapshot (space INTEGER NOT NULL, row BLOB NOT NULL, col INTEGER NOT NULL, through INTEGER NOT NULL, bytes BLOB NOT NULL,
  PRIMARY KEY (space, row, col)) STRICT, WITHOUT ROWID;

-- Sealed entries for logs other than the space's own (an invite's), until each hub has them. \`seed\` proves the right to write.
CREATE TABLE parcel (n INTEGER PRIMARY KEY, hub INTEGER NOT NULL, policy BLOB NOT NULL, seed BLOB NOT NULL, lane INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;

-- Secrets of epochs and open invites, by name.
CREATE TABLE secret (space INTEGER NOT NULL, name TEXT NOT NULL, id BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (space, name, id)) STRICT, WITHOUT ROWID;

-- What this device has left to do when it can, in this order: after a device was revoked, for each space.
CREATE TABLE task (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, space INTEGER NOT NULL, id BLOB NOT NULL, due INTEGER NOT NULL, UNIQUE (kind, space, id)) STRICT;

-- Contacts: the secrets that our own boxes follow from, the newest in use; people by address (48 bytes), with how to write to them.
CREATE TABLE contact_root (n INTEGER PRIMARY KEY, root BLOB NOT NULL, since INTEGER NOT NULL) STRICT;
CREATE TABLE contact (
  address BLOB PRIMARY KEY, person BLOB NOT NULL UNIQUE, name TEXT NOT NULL, blocked INTEGER NOT NULL,
  card BLOB, card_time INTEGER NOT NULL, terms BLOB, terms_time INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Letters of contacts ('message') and strangers ('request'); ids that came before (an empty id: all up to its time); sealed ones for others' boxes.
CREATE TABLE letter (
  address BLOB NOT NULL, id BLOB NOT NULL, state TEXT NOT NULL, person BLOB NOT NULL, name TEXT NOT NULL, time INTEGER NOT NULL,
  arrived INTEGER NOT NULL, invite TEXT, message TEXT, terms BLOB, UNIQUE (address, id)
) STRICT;
CREATE TABLE letter_seen (address BLOB NOT NULL, id BLOB NOT NULL, time INTEGER NOT NULL, PRIMARY KEY (address, id)) STRICT, WITHOUT ROWID;
CREATE TABLE delivery (
  n INTEGER PRIMARY KEY, url TEXT NOT NULL, hub BLOB NOT NULL, policy BLOB NOT NULL, seed BLOB, bytes BLOB NOT NULL, expires INTEGER NOT NULL
) STRICT;

-- Hubs, what each log at each is known to lack, and how far it was read; lane -1: the generation that was compared, and when the log was last read to its end; -2: when that was so first and nobody followed it any more.
CREATE TABLE hub (n INTEGER PRIMARY KEY, url TEXT NOT NULL UNIQUE, key BLOB) STRICT;
-- \`change\` is a segment's; below zero that of the record which begins the log. Not sent before \`due\`, in milliseconds since 1970.
CREATE TABLE outbox (hub INTEGER NOT NULL, space INTEGER NOT NULL, log BLOB NOT NULL, change INTEGER NOT NULL, due INTEGER NOT NULL,
  PRIMARY KEY (hub, space, log, change)) STRICT, WITHOUT ROWID;
-- Boxes of epochs, by their hash, that a hub is known to have on a log.
CREATE TABLE boxed (hub INTEGER NOT NULL, log BLOB NOT NULL, boxes BLOB NOT NULL, PRIMARY KEY (hub, log, boxes)) STRICT, WITHOUT ROWID;
CREATE TABLE cursor (hub INTEGER NOT NULL, log BLOB NOT NULL, lane INTEGER NOT NULL, generation BLOB NOT NULL, n INTEGER NOT NULL,
  id BLOB NOT NULL, PRIMARY KEY (hub, log, lane)) STRICT, WITHOUT ROWID;
`

const packs = `
-- Numbers of a log's entries before the cursor that were not read; and those that packs hold, as members say.
CREATE TABLE unread (hub INTEGER NOT NULL, log BLOB NOT NULL, lane INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
  PRIMARY KEY (hub, log, lane, low)) STRICT, WITHOUT ROWID;
CREATE TABLE covered (hub INTEGER NOT NULL, log BLOB NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
  PRIMARY KEY (hub, log, low)) STRICT, WITHOUT ROWID;
-- What entries of the tail hold that is in no pack yet: a run of a chain each; chain 0: what cannot be used here. And the runs that are in packs.
CREATE TABLE tail (hub INTEGER NOT NULL, log BLOB NOT NULL, n INTEGER NOT NULL, part INTEGER NOT NULL, chain INTEGER NOT NULL, seq INTEGER NOT NULL,
  count INTEGER NOT NULL, size INTEGER NOT NULL, arrived INTEGER NOT NULL, id BLOB NOT NULL, PRIMARY KEY (hub, log, n, part)) STRICT, WITHOUT ROWID;
CREATE TABLE packed (hub INTEGER NOT NULL, log BLOB NOT NULL, chain INTEGER NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL,
  PRIMARY KEY (hub, log, chain, low)) STRICT, WITHOUT ROWID;
`

/** What makes each layout of the one before. Content is read again from hubs where the tables of version 2 have to know of it. */
const steps: readonly { readonly to: number; readonly sql: string }[] = [
  { to: 2, sql: `${packs}; DELETE FROM cursor WHERE lane IN (1, 2)` },
]

/**
 * Makes the tables in an empty database or checks those of an existing one.
 *
 * @throws KithError `storage-newer` for a layout from a later version, `storage-damaged` when the file is no database of ours.
 */
export const prepareLayout = (database: SqlDatabase): void => {
  const tables = database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'meta'").get()
  const any = database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()
  if (tables?.n === 0) {
    if (any?.n !== 0)
      throw new KithError('storage-damaged', 'This file is a database of another program. Choose another path.')
    database.exec(
      `BEGIN IMMEDIATE; ${layout}; ${packs}; INSERT INTO meta VALUES ('layout', ${layoutVersion}), ('understanding', ${understanding}); COMMIT`,
    )
    return
  }
  const version = database.prepare("SELECT value FROM meta WHERE name = 'layout'").get()?.value
  if (typeof version !== 'number')
    throw new KithError('storage-damaged', 'The database names no layout version. Restore a copy of it.')
  if (version > layoutVersion) {
    throw new KithError(
      'storage-newer',
      `The database has layout ${version}, this program knows ${layoutVersion}. Update the program.`,
      {
        found: version,
        known: layoutVersion,
      },
    )
  }
  for (const { to, sql } of steps)
    if (version < to)
      database.exec(`BEGIN IMMEDIATE; ${sql}; UPDATE meta SET value = ${to} WHERE name = 'layout'; COMMIT`)
  const understood = database.prepare("SELECT value FROM meta WHERE name = 'understanding'").get()?.value
  if (understood === understanding) return
  // Spaces are opened one by one, some perhaps years later: each is marked.
  database.exec(`BEGIN IMMEDIATE; UPDATE space SET settled = ${notUnderstood};
    INSERT OR REPLACE INTO meta VALUES ('understanding', ${understanding}); COMMIT`)
}

/** In `space.settled`: its rows were made by a version that understood less, or something else. */
export const notUnderstood = -1
