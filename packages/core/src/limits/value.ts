/** Values that an app hands in. Larger things are files or rich text. */

/** One `text` or `json` value in bytes of UTF-8: about half of what one change can carry. */
export const textValueBytesMax = 512 * 1024

/** Nesting of a `json` value, which is read and written by recursion. */
export const jsonDepthMax = 64

/** Elements that one write to a `set` column may name. */
export const setElementsMax = 4096

/** One element of a `set` column that is a string, in UTF-16 units: elements are keys, never documents. */
export const setElementUnitsMax = 1024

/** One fractional index in bytes: grows by one byte in about 6 inserts at the same place, so this is thousands of them. */
export const orderKeyBytesMax = 1024
