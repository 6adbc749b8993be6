/** What went wrong, in words for a person: every error of Kith says what to do. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
