/** What the processes of this example say to each other, by the message channel of `fork` (structured clones). */
export type Call = { readonly type: 'call'; readonly n: number; readonly method: string; readonly parameter: unknown }

export type Answer =
  | { readonly type: 'ready' }
  | { readonly type: 'answer'; readonly n: number; readonly result: unknown }
  | { readonly type: 'failure'; readonly n: number; readonly problem: string }
  | { readonly type: 'progress'; readonly rows: number }

/** What a process offers: each method takes at most one parameter. */
export type Methods = { readonly [name: string]: (parameter: never) => unknown }

/** A typed error as one line: `hub-unreachable: No hub could be reached. …`. */
export const describeError = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : ''
  return `${code}${error.message}`
}
