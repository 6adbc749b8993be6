/**
 * The first 53 bits of an entry's id, which tell it from another that a hub may have under its number: as many as a number holds, for a hub compares
 * thousands when its clients come back.
 */
export function idToMark(id: Uint8Array): number {
  const high = ((id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!) >>> 0
  return high * 2 ** 21 + ((id[4]! << 13) | (id[5]! << 5) | (id[6]! >> 3))
}
