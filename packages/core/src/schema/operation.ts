/**
 * What an update does to a merged column. Plain data, so that a page can send them to the engine's worker.
 */
export type Increment = { readonly operation: 'increment'; readonly by: number }

export type SetOperation<T extends string | number = string | number> = {
  readonly operation: 'add' | 'remove'
  readonly elements: readonly T[]
}

/** Adds `by` (a whole number, may be negative) to a counter. */
export const increment = (by = 1): Increment => ({ operation: 'increment', by })

/** Puts elements into a set. */
export const add = <T extends string | number>(...elements: T[]): SetOperation<T> => ({ operation: 'add', elements })

/** Takes elements out of a set: those additions that are known here; one made elsewhere at the same time stays. */
export const remove = <T extends string | number>(...elements: T[]): SetOperation<T> => ({
  operation: 'remove',
  elements,
})
