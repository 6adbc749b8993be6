/** Changes that one transaction takes out of the inbox (design §4): about 0.1 s of work, so that a query never waits long. */
export const inboxDrainChangesMax = 5_000
