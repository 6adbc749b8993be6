import { equalBytes } from '../../bytes/index.ts'
import type { Change } from '../../change/index.ts'
import type { Lineage } from '../../keys/index.ts'
import { createMembership } from '../../membership/index.ts'
import type { Verifying } from '../../ports/index.ts'
import type { Engine } from '../engine.ts'

/**
 * Whether the device that signed is revoked, by what we know of its person from spaces that both are in. A lineage proves an admission,
 * never that no revocation followed.
 *
 * A device that we have not heard of is trusted, unless one between it and the first is revoked: the revocation's author would have
 * known of an admission that its cut accepts, and so would we.
 */
export const isRevoked = (crypto: Verifying, from: Lineage, changes: Iterable<Change>): boolean => {
  // Carried changes are judged in whatever space carries them: the person's own epochs need no bodies then.
  const membership = createMembership({ crypto, space: new Uint8Array(32) })
  membership.add(changes)
  const live = membership.devices(from.person)
  const isLive = (admission: Uint8Array): boolean => live.some((device) => equalBytes(device.admission, admission))
  const isKnown = (admission: Uint8Array): boolean => {
    const verdict = membership.verdictOf(admission)
    return verdict !== undefined && verdict !== 'waiting' && verdict !== 'unsupported'
  }
  const last = from.admissions.at(-1)
  if (last !== undefined && isKnown(last)) return !isLive(last)
  return from.admissions.some((admission) => isKnown(admission) && !isLive(admission))
}

/** A person's own changes, as far as spaces here carry them. */
export const changesOfPerson = (engine: Engine, person: Uint8Array): Change[] => {
  const { registry, history } = engine.store()
  const entry = registry.space(person)
  if (!entry) return []
  return registry
    .chainsOf(entry.n)
    .filter((chain) => chain.class === 0)
    .flatMap((chain) => history.segmentNumbers(chain.n))
    .flatMap((number) => {
      const stored = history.segment(number)
      return stored ? history.decode(stored).changes : []
    })
}
