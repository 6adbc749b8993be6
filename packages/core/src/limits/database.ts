/** Changes that one transaction takes out of the inbox (design §4): enough to spread the cost of a commit, few enough that a query never waits long. */
export const inboxDrainChangesMax = 5_000
