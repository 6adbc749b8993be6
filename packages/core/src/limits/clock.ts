/** A change whose time is further ahead of our clock waits (design §4): 5 minutes, as much as a phone without network drifts in a year. */
export const clockAheadMsMax = 5 * 60 * 1000

/** A device whose clock is further off than its hubs say corrects its times and tells it in `status()` (design §4). */
export const clockCorrectionMsMax = 60 * 1000

/**
 * A hub may move a set clock forward by 26 hours, a wrong day or time zone, and no further: times that were used once cannot be
 * taken back, and changes from the future wait at everybody else's.
 */
export const clockForwardMsMax = 26 * 60 * 60 * 1000
