/** When worlds begin, on the wall. */
export const startMs = Date.UTC(2027, 2, 1, 12)
