/** Rich text: each keeps a hostile op from costing more than its bytes. */

/** Structs and deletes of one op together, in bytes: half of what a change's body may hold. A longer paste becomes several ops. */
export const textOpBytesMax = 512 * 1024

/** One string of a typed run, in UTF-16 units, when a session cuts a long paste into ops: at most 3 bytes a unit. */
export const textRunUnitsMax = 64 * 1024

/** Clocks of one session. A clock is a keystroke; 2^40 leaves sums of clocks and lengths far inside safe integers. */
export const textClockMax = 2 ** 40

/** Names of root types, elements, attributes and formats, in bytes of UTF-8. */
export const textNameBytesMax = 1024

/** Nesting of attribute values: Yjs and JSON recurse. */
export const textDepthMax = 32
