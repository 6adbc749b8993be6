/** How long a log is followed after its epoch was superseded, whoever has not moved on (membership rule 17). */
export const followedMs = 90 * 24 * 60 * 60_000

export type FollowQuestion = {
  readonly nowMs: number
  /** Epochs that came after it, by name, and when their records were made. */
  readonly newer: ReadonlyMap<string, number>
  /**
   * For each person whom the epoch was sealed to and who is still a member: the epochs under which the devices of that person wrote
   * their newest content; none for a person who wrote nothing yet.
   */
  readonly members: readonly (readonly string[])[]
}

/**
 * Whether somebody may still write under an epoch, so that its log is read: until every listed member has written under a newer one,
 * or 90 days have passed. Of a person with several devices each counts that ever wrote: one of them may have been away.
 */
export const isFollowed = ({ nowMs, newer, members }: FollowQuestion): boolean => {
  if (newer.size === 0) return true
  if (nowMs - Math.min(...newer.values()) >= followedMs) return false
  return !members.every((wrote) => wrote.length > 0 && wrote.every((epoch) => newer.has(epoch)))
}
