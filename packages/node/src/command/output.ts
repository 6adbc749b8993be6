/** Where a command writes, so that tests read it. */
export type Output = {
  /** One line or several; a line end is added. */
  readonly print: (text: string) => void
  readonly printError: (text: string) => void
  /** Width of the terminal; undefined elsewhere: nothing is cut. */
  readonly columns: number | undefined
}

/** A command, given what follows its name. Resolves with the exit status; throws what can be expected as KithError. */
export type Command = (parameters: string[], output: Output) => Promise<number>

/** How a command was written wrongly: shown with a pointer to the help. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
