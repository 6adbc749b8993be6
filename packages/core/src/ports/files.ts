/** Files that people hand to each other: bundles. Absent where a platform has none to name (browsers). */
export type Files = {
  readonly read: (path: string) => Promise<Uint8Array>
  /** Replaces what is there as a whole: after a crash it is the old file or the new one. */
  readonly write: (path: string, bytes: Uint8Array) => Promise<void>
}
