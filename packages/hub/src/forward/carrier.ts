/** Reaches the hubs that clients ask to be carried to, within bounds. */
import { equalBytes } from '@kith/core/bytes'
import { type CarryItem, type Refusal, refusal } from '@kith/core/wire'
import type { HubLimitOptions } from '../limits/hub-limits.ts'
import { type ForwardOptions, toTarget } from './options.ts'
import { createReach, type Reach, type Reached } from './reach.ts'

export type Carried = {
  readonly reached: Reached
  /** Once, when it is over. */
  readonly leave: () => void
}

export type Carrier = {
  /** `prefix`: the neighbourhood of the client's address, empty for one that is not limited. */
  readonly carry: (wish: CarryItem, prefix: string) => Promise<Carried | Refusal>
}

/** Carries to nobody. */
export const noCarrier: Carrier = { carry: async () => refusal('not-carried') }

export function createCarrier(
  options: ForwardOptions,
  ownKey: Uint8Array,
  limits: Pick<HubLimitOptions, 'carriedMax' | 'carriedPerPrefixMax'>,
  reach: Reach = createReach(),
): Carrier {
  let all = 0
  const byPrefix = new Map<string, number>()

  /** Counts one in; returns what counts it out again, or undefined if there are too many. */
  function enter(prefix: string): (() => void) | undefined {
    const before = byPrefix.get(prefix) ?? 0
    if (all >= limits.carriedMax || (prefix !== '' && before >= limits.carriedPerPrefixMax)) return undefined
    all += 1
    byPrefix.set(prefix, before + 1)
    let hasLeft = false
    return () => {
      if (hasLeft) return
      hasLeft = true
      all -= 1
      const left = (byPrefix.get(prefix) ?? 0) - 1
      if (left > 0) byPrefix.set(prefix, left)
      else byPrefix.delete(prefix)
    }
  }

  return {
    async carry({ url, hubKey }, prefix) {
      const target = toTarget(url, options)
      // To itself: it would see both ends.
      if (target === undefined || equalBytes(hubKey, ownKey)) return refusal('not-carried')
      const leave = enter(prefix)
      if (leave === undefined) return refusal('too-many-connections', tooManyWaitMs)
      try {
        const reached = await reach(target, hubKey)
        if (reached !== undefined) return { reached, leave }
      } catch (cause) {
        leave()
        throw cause
      }
      leave()
      return refusal('not-reached')
    },
  }
}

const tooManyWaitMs = 5_000
