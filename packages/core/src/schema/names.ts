import { appIdBytesMax, nameBytesMax } from '../limits/index.ts'

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
const appId = /^[a-z0-9][a-z0-9-]*(\.[a-z0-9][a-z0-9-]*)+$/

/** Ids and names of tables, columns and roles: safe in SQL and in `table.column`. */
export const isIdentifier = (name: unknown): name is string =>
  typeof name === 'string' && name.length <= nameBytesMax && identifier.test(name)

/** Reverse domain name in lower case: `org.example.todo`. */
export const isAppId = (id: unknown): id is string =>
  typeof id === 'string' && id.length <= appIdBytesMax && appId.test(id)

/**
 * An identifier as part of a name in SQLite, which takes `Title` and `title` for the same: ids with capitals get a suffix
 * that says which letters they are (hexadecimal, lowest bit first letter), so that two ids never share a name.
 */
export const caseSafe = (id: string): string => {
  let capitals = 0n
  for (let at = 0; at < id.length; at += 1) {
    const letter = id.charCodeAt(at)
    if (letter >= 65 && letter <= 90) capitals |= 1n << BigInt(at)
  }
  return capitals === 0n ? id : `${id}^${capitals.toString(16)}`
}

/** A name between double quotes for SQL. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text between single quotes for SQL. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`
