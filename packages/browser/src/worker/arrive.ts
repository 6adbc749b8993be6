import { type Kith, linkKith, type Platform, recoverKith } from '@kith/core'
import type { Met, Start } from '../tabs/messages.ts'

/** Shows what a person has to compare. Resolves when it has; rejects when it will not. */
export type Compare = (met: Met) => Promise<void>

/** A person who is known comes into an empty store. Loaded by who does: it happens once. */
export const arrive = async (
  platform: Platform,
  start: Exclude<Start, { readonly how: 'open' }>,
  compare: Compare,
): Promise<Kith> => {
  if (start.how === 'recover') return recoverKith(platform, start.options)
  const linking = await linkKith(platform, start.options)
  try {
    await compare({ check: linking.check, address: linking.address })
  } catch (cause) {
    linking.cancel()
    throw cause
  }
  return linking.confirm()
}
