/** What an app may declare. A schema record comes from outside, so each of these is checked when one is read. */

/** One schema record in bytes: it is a body, so below `bodyBytesMax`; every change is judged by one. */
export const schemaRecordBytesMax = 256 * 1024

/** Tables of one schema record. */
export const tablesMax = 256

/** Columns of one table, and so of one op; well under SQLite's 2,000. */
export const tableColumnsMax = 1024

/** Indexes of one table: each makes every write of a row dearer. */
export const indexesMax = 32

/** Columns of one index; further ones hardly narrow a search. */
export const indexColumnsMax = 8

/** Roles that an app may define. */
export const rolesMax = 64

/** Ids of dropped tables and columns, which a record carries for ever so that none is used again. */
export const droppedIdsMax = 4096

/** Names and ids of tables, columns and roles, which are ASCII: they become names in SQL and in every message about them. */
export const nameBytesMax = 64

/** An app's id, a reverse domain name in ASCII. */
export const appIdBytesMax = 128

/** `any`, `all` and `not` nested in each other. Record, table and rule lists take four levels of CBOR's sixteen. */
export const ruleDepthMax = 8

/** Parts of one rule, which is judged for each op on its table. */
export const ruleNodesMax = 256
