import { toHex } from '../bytes/index.ts'
import { sortHeads } from '../change/index.ts'
import { depsHeadsMax } from '../limits/index.ts'
import type { Membership } from '../membership/index.ts'

/**
 * What somebody names as seen who may not write yet, and so cannot merge first (rule 6): a joiner, a new device. Of more heads than a change can
 * name `first`, then those that stand, for anybody whose rights ended can leave any number of others. The author's next change merges what is left out.
 */
export function headsToName(
  membership: Membership,
  heads: readonly Uint8Array[],
  first: readonly Uint8Array[] = [],
): Uint8Array[] {
  const all = sortHeads(heads)
  if (all.length <= depsHeadsMax) return all
  const stands = (head: Uint8Array): boolean => membership.verdictOf(head) === 'applied'
  const inOrder = new Map([...first, ...all.filter(stands), ...all].map((head) => [toHex(head), head]))
  return [...inOrder.values()].slice(0, depsHeadsMax)
}
