/** Values, names and schemas that an app hands in. Larger things are files or rich text. */

/** One `text` or `json` value in bytes of UTF-8: about half of what one change can carry. */
export const textValueBytesMax = 512 * 1024

/** Elements that one write to a `set` column may name. */
export const setElementsMax = 4096

/** One fractional index in bytes: grows by one byte in about 6 inserts at the same place, so this is thousands of them. */
export const orderKeyBytesMax = 1024

/** Name of an app, table, column, role, person or space in bytes of UTF-8. */
export const nameBytesMax = 256

/** Tables of one schema record. */
export const tablesMax = 256

/** Columns of one table; the same bound as on one op, and well under SQLite's 2,000. */
export const tableColumnsMax = 1024

/** One schema record in bytes: it is a body, so below `bodyBytesMax`; every change is judged by one. */
export const schemaRecordBytesMax = 256 * 1024
